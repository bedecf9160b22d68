"""What every event store promises: one suite for the one in memory and the one in PostgreSQL."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from shared.contracts.envelope import NO_HASH
from shared.contracts.outcomes import Outcome, Reason
from shared.event_store.interface import (
    ActRow,
    AsideRow,
    AttemptRow,
    Changes,
    Counts,
    Dossier,
    EventStore,
    Head,
    KeptQuery,
    OutgoingAnswer,
    RecordRow,
    ReportKey,
    ReportRow,
    StateRow,
)

SOURCE = "/330127000000/hr/main"
THEN = datetime(2010, 6, 1, 4, 0, 0, 123456, tzinfo=UTC)
LATE = Reason("too_late", "来迟了", "too late")
BOTH_BREAK_ALIKE = (AssertionError, asyncpg.UniqueViolationError)


def record(position: int, about: str | None = "entity:E1", natural: int | None = None) -> RecordRow:
    raw = f"记录 {position}".encode()
    return RecordRow(
        position, f"{position:064x}", "registry.it_happened", SOURCE, f"r-{position}", date(2010, 1, 2), THEN, about, natural, raw
    )


def report(id: str, outcome: Outcome = "recorded", *, digest: bytes = b"d", arrival: int = 1, position: int | None = None) -> ReportRow:
    reason = None if outcome == "recorded" else LATE
    flags = (Reason("odd", "奇", "odd"),) if outcome == "recorded" else ()
    kept = None if outcome == "recorded" else b'{"id": "\xe5\xbc\xa0"}'
    at = position or (1 if outcome == "recorded" else None)
    return ReportRow(SOURCE, id, digest, arrival, "registry.it_happened", outcome, 1, reason, at, flags, kept)


def outgoing(number: int, id: str) -> OutgoingAnswer:
    return OutgoingAnswer(number, "hr", "main", id, f"answer {number}".encode())


def key(id: str) -> ReportKey:
    return ReportKey(SOURCE, id)


def changes(head: Head) -> Changes:
    return Changes(replace(head, commits=head.commits + 1))


def recording(head: Head, *rows: RecordRow) -> Changes:
    last = rows[-1]
    written = changes(head)
    written.head = replace(written.head, position=last.position, hash=last.hash, recorded=last.recorded)
    written.records.extend(rows)
    return written


async def write(store: EventStore, *reports: ReportRow, **more: object) -> None:
    async with store.writing() as writing:
        written = changes(writing.head)
        written.head = replace(written.head, arrivals=max((row.arrival for row in reports), default=written.head.arrivals))
        written.reports.update({(row.key, row.digest): row for row in reports})
        for name, value in more.items():
            setattr(written, name, value)
        await writing.commit(written)


async def test_a_new_store_is_empty_and_has_a_secret_key(store: EventStore) -> None:
    head = await store.head()
    assert (head.position, head.hash, head.recorded, head.closed, head.commits) == (0, NO_HASH, None, None, 0)
    assert len(head.key) == 32
    assert repr(head.key) not in repr(head)
    assert await store.records(0, 10) == []
    assert await store.record_hash(0) is None
    assert await store.counts() == Counts(0, 0, 0, 0)


async def test_what_is_committed_is_there_to_the_last_byte(store: EventStore) -> None:
    rows = [record(1), record(2, about=None), record(3, natural=2**63 - 1)]
    async with store.writing() as writing:
        await writing.commit(recording(writing.head, *rows))
    assert await store.rows(0, 10) == rows
    assert [(row.position, row.hash, row.type, row.raw) for row in await store.records(1, 1)] == [
        (2, rows[1].hash, rows[1].type, rows[1].raw)
    ]
    assert await store.record_hash(3) == rows[2].hash
    assert await store.record_hash(4) is None
    head = await store.head()
    assert (head.position, head.hash, head.recorded, head.commits) == (3, rows[2].hash, THEN, 1)


async def test_the_types_of_everything_recorded_are_told_with_their_versions(store: EventStore) -> None:
    def of(position: int, name: str) -> RecordRow:
        return record(position)._replace(
            raw=b'{"specversion":"1.0","source":"%s","type":"%s","data":{}}' % (SOURCE.encode(), name.encode())
        )

    names = ["registry.unit_listed.v1", "registry.unit_listed.v2", "registry.unit_listed.v1"]
    stated = {"registry.unit_renamed.v2"}
    for commit in (names[:1], names[1:], names[:2]):
        async with store.writing() as writing:
            rows = [of(writing.head.position + number, name) for number, name in enumerate(commit, 1)]
            last = rows[-1]
            head = replace(writing.head, position=last.position, hash=last.hash, recorded=THEN)
            await writing.commit(Changes(head, records=rows, stated=set(stated)))
    async with store.writing() as writing:
        assert writing.head.position == 5, "what follows is left without a commit"
    assert await store.wire_types() == {*names, *stated}, "of what corrections state too"


async def test_the_head_keeps_everything_it_is_given(store: EventStore) -> None:
    async with store.writing() as writing:
        head = Head(0, NO_HASH, THEN, date(2010, 5, 31), 7, 8, 9, 1, THEN + timedelta(days=1), writing.head.key)
        await writing.commit(Changes(head))
    assert await store.head() == head


async def test_leaving_without_commit_writes_nothing(store: EventStore) -> None:
    async with store.writing() as writing:
        assert await writing.reports([key("a")]) == []
    with pytest.raises(ZeroDivisionError):
        async with store.writing() as writing:
            raise ZeroDivisionError
    assert (await store.head()).commits == 0
    await write(store, report("a"))
    assert (await store.head()).commits == 1


async def test_positions_with_a_hole_are_never_written(store: EventStore) -> None:
    async with store.writing() as writing:
        with pytest.raises(AssertionError):
            await writing.commit(recording(writing.head, record(2)))
    assert (await store.head()).position == 0


async def test_whoever_writes_waits_for_the_one_before(store: EventStore) -> None:
    order: list[str] = []

    async def second() -> None:
        async with store.writing() as writing:
            order.append(f"second sees {writing.head.position}")
            await writing.commit(recording(writing.head, record(writing.head.position + 1)))

    async with store.writing() as writing:
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.2)
        order.append("first commits")
        await writing.commit(recording(writing.head, record(1)))
    await waiting
    assert order == ["first commits", "second sees 1"]
    assert [row.position for row in await store.records(0, 10)] == [1, 2]


async def test_the_database_clock_is_read(store: EventStore) -> None:
    async with store.writing() as writing:
        assert abs(writing.database_now - datetime.now(UTC)) < timedelta(seconds=30)


async def test_all_contents_of_an_id_are_found_and_updated(store: EventStore) -> None:
    refused, waits, other = report("a", "refused"), report("a", "waiting", digest=b"e", arrival=2), report("b", arrival=3)
    await write(store, refused, waits, other)
    then = report("a", "recorded", digest=b"e", arrival=2)._replace(revision=2)
    await write(store, then)
    async with store.writing() as writing:
        assert sorted(await writing.reports([key("a"), key("none")])) == sorted([refused, then])
        assert await writing.reports([key("b")]) == [other]


async def test_two_contents_of_one_id_never_both_stand(store: EventStore) -> None:
    await write(store, report("a", "waiting"))
    async with store.writing() as writing:
        written = changes(writing.head)
        row = report("a", "recorded", digest=b"e", arrival=2)
        written.reports[row.key, row.digest] = row
        with pytest.raises(BOTH_BREAK_ALIKE):
            await writing.commit(written)
    async with store.writing() as writing:
        assert [row.outcome for row in await writing.reports([key("a")])] == ["waiting"]


async def test_a_content_gives_way_to_another_in_one_commit_whatever_their_order(store: EventStore) -> None:
    await write(store, report("a", "refused"), report("a", "waiting", digest=b"e"))
    await write(store, report("a", "recorded"), report("a", "refused", digest=b"e"))
    async with store.writing() as writing:
        assert {row.digest: row.outcome for row in await writing.reports([key("a")])} == {b"d": "recorded", b"e": "refused"}


async def test_who_waits_for_what_is_replaced_as_a_whole(store: EventStore) -> None:
    a, b = report("a", "waiting"), report("b", "waiting", arrival=2)
    await write(store, a, b, waiting={a.key: frozenset({"course:C", "unit:U"}), b.key: frozenset({"course:C"})})
    async with store.writing() as writing:
        assert sorted(await writing.waiting(["course:C", "unit:U", "course:D"])) == [
            ("course:C", a.key), ("course:C", b.key), ("unit:U", a.key)
        ]  # fmt: skip
    await write(store, waiting={a.key: frozenset({"course:D"}), b.key: frozenset()})
    async with store.writing() as writing:
        assert await writing.waiting(["course:C", "unit:U", "course:D"]) == [("course:D", a.key)]


async def test_all_that_waits_comes_page_by_page_in_order_of_arrival(store: EventStore) -> None:
    rows = [report(f"r{arrival}", "waiting", arrival=arrival) for arrival in (3, 1, 2)]
    await write(store, *rows, report("x", "refused", arrival=4), report("y", arrival=5))
    async with store.writing() as writing:
        assert [row.id for row in await writing.all_waiting(0, 2)] == ["r1", "r2"]
        assert await writing.all_waiting(2, 2) == [rows[0]]


async def test_states_are_kept_newest_only(store: EventStore) -> None:
    first = StateRow("entity:E1", b'{"state": "a"}', opened=True, occurred=date(2010, 1, 1), position=1)
    second = StateRow("entity:E2", b'{"state": "b"}', opened=False, occurred=None, position=1)
    await write(store, states={row.subject: row for row in (first, second)})
    later = first._replace(state=b'{"state": "c"}', occurred=date(2010, 2, 1), position=2)
    await write(store, states={"entity:E1": later})
    async with store.writing() as writing:
        assert sorted(await writing.states(["entity:E1", "entity:E2", "entity:E3"])) == [later, second]


async def test_natural_keys_and_histories_are_found_by_what_records_carry(store: EventStore) -> None:
    rows = [record(1, "entity:E1", 5), record(2, "entity:E2", 6), record(3, "entity:E1", 5), record(4, None)]
    async with store.writing() as writing:
        await writing.commit(recording(writing.head, *rows))
    async with store.writing() as writing:
        assert await writing.naturals([5, 6, 7]) == {5, 6}
        assert await writing.histories(["entity:E1"]) == [rows[0], rows[2]]
        assert await writing.histories(["entity:E1", "entity:E2"]) == rows[:3]
        assert await writing.about([2, 4]) == {2: "entity:E2", 4: None}


async def test_aliases_come_and_go(store: EventStore) -> None:
    await write(store, aliases={"N": "O", "M": "O", "O": "O"})
    async with store.writing() as writing:
        assert dict(await writing.aliases()) == {"N": "O", "M": "O"}
    await write(store, aliases={"N": "N", "M": "L"})
    async with store.writing() as writing:
        assert dict(await writing.aliases()) == {"M": "L"}


async def test_unit_facts_come_back_in_order_of_position(store: EventStore) -> None:
    await write(store, units=[(7, b"seven"), (12, b"twelve")])
    await write(store, units=[(13, b"thirteen")])
    async with store.writing() as writing:
        assert await writing.units() == [b"seven", b"twelve", b"thirteen"]


async def test_an_answer_is_unsent_until_marked_and_a_later_one_comes_behind_it(store: EventStore) -> None:
    await write(store, answers={key("a"): outgoing(1, "a"), key("b"): outgoing(2, "b")})
    assert await store.unsent_answers(10) == [outgoing(1, "a"), outgoing(2, "b")]
    assert await store.unsent_answers(1) == [outgoing(1, "a")]
    await write(store, answers={key("a"): outgoing(3, "a")})
    assert await store.unsent_answers(10) == [outgoing(1, "a"), outgoing(2, "b"), outgoing(3, "a")]
    await store.mark_sent([1, 2])
    assert await store.unsent_answers(10) == [outgoing(3, "a")]
    await store.mark_sent([3])
    assert await store.unsent_answers(10) == []


async def test_reports_set_aside_keep_the_newest_traceback(store: EventStore) -> None:
    row = AsideRow(SOURCE, "a", 1, THEN, b"kept", "first traceback")
    await write(store, aside=[row, AsideRow(SOURCE, "b", 2, THEN, b"kept", "another")])
    await write(store, aside=[row._replace(traceback="second traceback")])
    assert [(found.arrival, found.traceback) for found in await store.set_aside(10)] == [(2, "another"), (1, "second traceback")]
    assert await store.set_aside(1) == [AsideRow(SOURCE, "b", 2, THEN, b"kept", "another")]


async def test_it_counts_what_it_holds(store: EventStore) -> None:
    async with store.writing() as writing:
        written = recording(writing.head, record(1), record(2))
        for row in (report("a"), report("b", "waiting"), report("c", "waiting"), report("d", "refused")):
            written.reports[row.key, row.digest] = row
        written.answers[key("a")] = outgoing(1, "a")
        written.aside.append(AsideRow(SOURCE, "b", 2, THEN, b"", ""))
        await writing.commit(written)
    assert await store.counts() == Counts(recorded=2, waiting=2, unsent=1, aside=1)


# The repair desk


def arrived(row: ReportRow, at: datetime | None, *, code: str = "too_late", source: str = SOURCE, type: str | None = None) -> ReportRow:
    reason = Reason(code, "来迟了", "too late")
    return row._replace(arrived=at, reason=reason, source=source, type=type or row.type)


OTHER = "/330127000000/tax/books"
A_DAY = timedelta(days=1)
KEPT = (
    arrived(report("waits", "waiting", arrival=1), THEN),
    arrived(report("said-no", "refused", arrival=2), THEN + A_DAY, type="registry.it_ended"),
    arrived(report("given-up", "refused", arrival=3), THEN + 2 * A_DAY, code="dismissed"),
    arrived(report("mended", "refused", arrival=4), THEN + 2 * A_DAY, code="corrected"),
    arrived(report("elsewhere", "refused", arrival=5), THEN + 3 * A_DAY, source=OTHER),
    arrived(report("of-old", "refused", arrival=6), None, source=OTHER)._replace(kept="张记".encode()),
)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        (KeptQuery(), "waits said-no elsewhere of-old"),
        (KeptQuery(states=("waiting",)), "waits"),
        (KeptQuery(states=("dismissed", "corrected")), "given-up mended"),
        (KeptQuery(after=1, limit=2), "said-no elsewhere"),
        (KeptQuery(type="registry.it_ended"), "said-no"),
        (KeptQuery(department="tax"), "elsewhere of-old"),
        (KeptQuery(department="hr", system="main"), "waits said-no"),
        (KeptQuery(department="hr", system="books"), ""),
        (KeptQuery(since=THEN + A_DAY), "said-no elsewhere"),
        (KeptQuery(before=THEN + A_DAY), "waits of-old"),
        (KeptQuery(text="张记"), "of-old"),
        (KeptQuery(text="too_l"), "waits said-no elsewhere of-old"),
        (KeptQuery(text="来迟"), "waits said-no elsewhere of-old"),
        (KeptQuery(text="said-"), "said-no"),
        (KeptQuery(text="%"), ""),
    ],
)
async def test_kept_reports_are_found_page_by_page(store: EventStore, query: KeptQuery, ids: str) -> None:
    async with store.writing() as writing:
        written = recording(writing.head, record(1))
        written.reports = {(row.key, row.digest): row for row in (report("fine", arrival=7), *KEPT)}
        written.head = replace(written.head, arrivals=7)
        await writing.commit(written)
    assert [row.id for row in await store.kept(query)] == ids.split()
    assert (await store.counts()).oldest_waiting == THEN


async def test_everything_about_a_report_is_kept_and_when_it_arrived_stays(store: EventStore) -> None:
    first = arrived(report("r-1", "waiting"), THEN)
    attempts = [AttemptRow(SOURCE, "r-1", number, b"d", THEN + number * A_DAY, "waiting", LATE, None) for number in (1, 2)]
    acts = [
        ActRow("a-1", THEN, "resubmitted", SOURCE, "r-1", "office o/s", "why", None, None, "waiting", LATE, 2, None),
        ActRow("a-2", THEN, "corrected", SOURCE, "r-1", "office o/s", "why", "[]", "r-1-c", "recorded", None, 1, 9),
        ActRow("a-3", THEN, "dismissed", SOURCE, "r-2", "office o/s", "why", None, None, "refused", LATE, None, None),
    ]
    aside = AsideRow(SOURCE, "r-1", 1, THEN, b"kept", "trace")
    async with store.writing() as writing:
        written = changes(writing.head)
        written.reports = {(first.key, first.digest): first}
        written.waiting = {first.key: frozenset({"unit:2", "unit:1"})}
        written.attempts, written.acts, written.aside = attempts[:1], acts[:1], [aside]
        written.head = replace(written.head, arrivals=1)
        await writing.commit(written)
    second = first._replace(revision=2, arrived=THEN + A_DAY)
    async with store.writing() as writing:
        assert await writing.act("a-1") == acts[0]
        assert await writing.act("a-2") is None
        written = changes(writing.head)
        written.reports = {(second.key, second.digest): second}
        written.attempts, written.acts = attempts[1:], acts[1:]
        await writing.commit(written)
    kept = first._replace(revision=2)
    assert await store.dossier(first.key) == Dossier((kept,), tuple(attempts), tuple(acts[:2]), ("unit:1", "unit:2"), (aside,))
    assert (await store.dossier(key("r-1-c"))).acts == (acts[1],)
    assert await store.dossier(key("r-9")) == Dossier((), (), (), (), ())
    assert await store.sources_of("r-1") == [SOURCE]
    assert await store.sources_of("r-2") == []


async def test_an_act_is_written_once(store: EventStore) -> None:
    act = ActRow("a-1", THEN, "dismissed", SOURCE, "r-1", "office o/s", "why", None, None, "refused", LATE, 2, None)
    with pytest.raises(BOTH_BREAK_ALIKE):
        for _ in range(2):
            async with store.writing() as writing:
                written = changes(writing.head)
                written.acts = [act]
                await writing.commit(written)
