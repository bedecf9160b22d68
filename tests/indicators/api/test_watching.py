"""Health, metrics, the API's description, and answers while the store is being read or a page is being written."""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client import CollectorRegistry

from services.indicators.answers import Board, Row
from services.indicators.api.access import Access
from services.indicators.api.counter import Counter
from services.indicators.api.feed import Feed
from services.indicators.api.http import Doors, make_http
from services.indicators.api.metrics import QueryMetrics
from services.indicators.api.questions import BoardQuestion, Questions
from services.indicators.evaluation.county import load_county
from services.indicators.ledger import Entries
from services.indicators.live import Live
from services.indicators.store import LedgerStore, Writing
from shared.clock import WallClock
from shared.contracts.base import SERVICES
from shared.contracts.envelope import Record
from tests.indicators.api.system import COUNTY, COUNTY_FOLDER, SECONDS_MAX, Recorded, System, a_year, connected, serving
from tests.support.collector import collector


async def test_health_says_up_to_where_the_figures_follow(system: System, recorded: Recorded) -> None:
    health = await system.get("/health")
    assert health["positions"] == recorded.positions
    assert health["lag"] == dict.fromkeys(SERVICES, 0)
    assert (health["ready"], health["bus_connected"], health["final"], health["today"]) == (True, True, "2025-06-30", "2025-07-01")
    assert health["findings"] == []
    assert health["entries"] > 0


async def test_missing_streams_are_found_and_mend_themselves(clean_nats_url: str, dsn: str) -> None:
    async with serving(clean_nats_url, dsn) as system:
        answer = await system.http.get("/health")
        while not answer.json()["ready"]:
            answer = await system.http.get("/health")
        assert answer.status_code == 503
        assert [finding["code"] for finding in answer.json()["findings"]] == ["stream_missing"] * 3
        assert answer.json()["lag"] == dict.fromkeys(SERVICES)
        recorded = a_year()
        await recorded.publish(system.nc)
        await system.followed(recorded)
        assert (await system.get("/health"))["findings"] == []


async def test_a_stream_shorter_than_what_was_taken_in_is_found(clean_nats_url: str, dsn: str, recorded: Recorded) -> None:
    async with serving(clean_nats_url, dsn) as system:
        await system.followed(recorded)
        await system.nc.jetstream().delete_stream(f"RECORDED_{COUNTY}_FINANCE")
        recorded.published["finance"] = 0
        recorded.records["finance"], all_records = [], recorded.records["finance"]
        await recorded.publish(system.nc)
        answer = await system.http.get("/health")
        assert answer.status_code == 503
        assert [finding["code"] for finding in answer.json()["findings"]] == ["stream_behind"]
        recorded.records["finance"] = all_records
        await recorded.publish(system.nc)
        assert (await system.get("/health"))["findings"] == []


async def test_a_record_no_contract_describes_marks_what_reads_its_service(system: System, recorded: Recorded) -> None:
    recorded.raw("training", "training.course_streamed", {"course": "C1"}, on="2025-07-02")
    await recorded.publish(system.nc)
    await system.followed(recorded)
    health = await system.get("/health")
    assert [finding["code"] for finding in health["findings"]] == ["unreadable_records"]
    assert health["unreadable"] == 1
    rows = {row["id"]: row["incomplete"] for row in (await system.get("/board"))["indicators"] if row["variant"] == "default"}
    assert rows["trained_and_guided"] == 1
    assert rows["loans"] == 0


async def test_metrics_tell_where_the_figures_stand_and_what_was_asked(system: System, recorded: Recorded) -> None:
    await system.get("/board")
    await system.http.get("/board", params={"unit": "nowhere"})
    await system.request("units")
    text = (await system.http.get("/metrics")).text
    for service, position in recorded.positions.items():
        assert f'kaiye_position{{service="{service}"}} {float(position)}' in text
        assert f'kaiye_lag_records{{service="{service}"}} 0.0' in text
    assert 'kaiye_query_answers_total{code="ok",door="http",query="board"} 1.0' in text
    assert 'kaiye_query_answers_total{code="unknown_unit",door="http",query="board"} 1.0' in text
    assert 'kaiye_query_answers_total{code="ok",door="bus",query="units"} 1.0' in text
    assert f"kaiye_projector_records_total {float(sum(recorded.positions.values()))}" in text
    assert "kaiye_well 1.0" in text


async def test_each_question_on_the_bus_is_a_trace_sent_to_the_collector(clean_nats_url: str, dsn: str, recorded: Recorded) -> None:
    exported: list[ExportTraceServiceRequest] = []
    async with collector(exported) as address:
        async with serving(clean_nats_url, dsn, otlp_endpoint=address) as running:
            await running.followed(recorded)
            await running.request("board")
        scopes = [scope for request in exported for resource in request.resource_spans for scope in resource.scope_spans]
    assert "query.indicators.board process" in {span.name for scope in scopes for span in scope.spans}


async def test_the_description_has_every_page_with_an_example_and_needs_no_internet(system: System) -> None:
    described = await system.get("/openapi.json")
    assert set(described["paths"]) == {
        "/board", "/indicators", "/indicators/{id}", "/units", "/flags", "/duties", "/explain/{id}", "/diff/{id}", "/rebuild",
        "/bulletin", "/evaluation", "/facts",
        "/changes",
        "/health", "/metrics", "/reports", "/reports/{id}", "/identify", "/login", "/logout", "/login/ticket",
        "/repairs/{service}", "/repairs/{service}/{id}",
        *(f"/repairs/{{service}}/acts/{call}" for call in ("resubmit", "correct", "dismiss")),
    }  # fmt: skip
    board = described["paths"]["/board"]["get"]["responses"]
    example = board["200"]["content"]["application/json"]["example"]
    assert list(example) == list(Board.model_fields)
    assert list(example["indicators"][0]["window"]) == ["name", "from", "to"]
    schemas = described["components"]["schemas"]
    assert list(schemas["Board"]["properties"]) == list(Board.model_fields)
    assert list(schemas["Row"]["properties"]) == [each.name for each in fields(Row)]
    assert set(schemas["Row"]["required"]) == {each.name for each in fields(Row)} - {"margin", "period_end"}
    assert set(board["400"]["content"]["application/json"]["example"]) == {"code", "zh", "en"}
    page = (await system.http.get("/docs")).text
    assert "答复 / the answer" in page
    assert "Successful Response" not in page
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page)
    for path in described["paths"]:
        assert f"<a href='#{path}'>{path}</a>" in page
    assert re.search(r"<code>state</code></td><td>进展：[^<]*<code>not_due</code> <code>due</code> ", page)
    assert "<code>POST /evaluation</code>" in page
    assert re.search(r"<code>rehearsal</code></td><td>模拟考评", page)
    assert re.search(r"<code>limit</code></td><td>[^<]*<code>1–1000</code>", page)


async def test_every_sentence_of_the_description_is_in_both_languages_chinese_first(system: System) -> None:
    described = await system.get("/openapi.json")
    said = [described["info"]["description"]]
    for page in (page for methods in described["paths"].values() for page in methods.values()):
        said += [page["summary"], *([page["description"]] if "description" in page else [])]
        said += [each["description"] for each in page.get("parameters", ())]
        said += [answer["description"] for answer in page["responses"].values()]
    assert [text for text in said if not re.fullmatch(r"[^/]*[\u4e00-\u9fff][^/]* ?/\s[^\u4e00-\u9fff]+", text)] == []


async def test_whoever_names_no_page_comes_to_the_description(system: System) -> None:
    answer = await system.http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/docs")


async def test_until_the_store_is_read_there_is_no_answer(clean_nats_url: str, dsn: str) -> None:
    store = await LedgerStore.open(dsn, COUNTY)
    try:
        async with connected(clean_nats_url) as nc:
            live = Live(load_county(COUNTY_FOLDER).plan, store, WallClock())
            questions, registry = Questions(), CollectorRegistry()
            questions.answer_from(live, "")
            http = make_http(
                Doors(
                    questions,
                    Feed(live),
                    nc,
                    QueryMetrics(registry),
                    registry,
                    Access(None, open=True),
                    Counter(nc, nc, COUNTY),
                )
            )
            async with httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://test") as client:
                for path in ("/board", "/indicators/loans", "/units", "/facts"):
                    answer = await client.get(path)
                    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
                health = await client.get("/health")
                assert (health.status_code, health.json()["positions"]) == (503, {})
                assert "opening" in [finding["code"] for finding in health.json()["findings"]]
                assert (await client.get("/indicators")).status_code == 200
    finally:
        await store.close()


class SlowStore(LedgerStore):
    """A store whose commit waits until it is let go."""

    writing: asyncio.Event
    go_on: asyncio.Event

    async def append(self, writing: Writing, records: Sequence[Record], entries: Iterable[tuple[Mapping[str, int], Entries]]) -> None:
        await super().append(writing, records, entries)
        self.writing.set()
        await self.go_on.wait()


async def test_a_page_being_written_shows_in_no_answer(dsn: str) -> None:
    store = await SlowStore.open(dsn, COUNTY)
    assert isinstance(store, SlowStore)
    store.writing, store.go_on = asyncio.Event(), asyncio.Event()
    store.go_on.set()
    try:
        live = Live(load_county(COUNTY_FOLDER).plan, store, WallClock())
        questions = Questions()
        questions.answer_from(live, "")
        await live.open()
        questions.ready = True
        recorded = a_year()
        await live.take([record for service in SERVICES for record in recorded.records[service]])

        def answer() -> tuple[dict[str, int], Any]:
            board = questions.board(BoardQuestion())
            return board.positions, next(row.value for row in board.indicators if row.id == "new_enterprises")

        before = dict(recorded.positions)
        assert answer() == (before, "3")
        recorded.founds("2025-07-01", 4)
        store.writing.clear()
        store.go_on.clear()
        taking = asyncio.create_task(live.take(recorded.records["registry"][-1:]))
        await store.writing.wait()
        assert answer() == (before, "3")
        store.go_on.set()
        await taking
        assert answer() == (recorded.positions, "4")
    finally:
        await store.close()


async def test_health_answers_while_records_pour_in(clean_nats_url: str, dsn: str) -> None:
    recorded = a_year()
    for number in range(100, 2100):
        recorded.founds("2025-06-30", number)
    async with connected(clean_nats_url) as nc:
        await recorded.publish(nc)
    seen = set()
    async with serving(clean_nats_url, dsn) as system, asyncio.timeout(3 * SECONDS_MAX):
        while (health := (await system.http.get("/health")).json())["positions"] != recorded.positions:
            if health["ready"]:
                seen.add(health["positions"]["registry"])
    assert any(0 < position < recorded.positions["registry"] for position in seen), "it is answered between pages"
