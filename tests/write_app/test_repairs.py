"""The repair desk over a real broker: who may see and do what, whatever the desk of a service is asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from nats.aio.client import Client

from deploy.nats.keys import new_seed, public_key
from services.training.rules import RULES
from shared import subjects
from shared.client.repair import NobodyRepairs, RepairDesks, RepairRefused
from shared.client.reporting import ReportingClient
from shared.contracts.base import SERVICES, Service
from shared.contracts.envelope import Source
from shared.repair import OPERATOR, Asker, Change, Correct, Dismiss, ListKept, Resubmit, ShowKept
from shared.users import CountyUsers, DepartmentUser, users_toml
from tests.registry.persons.ids import resident_id
from tests.support.memory_store import MemoryStore
from tests.support.nats import Broker, connected
from tests.write_app.system import COUNTY, DAY, SOURCE, course, department, report, serving

SERVICE: Service = "training"
MINE, OTHERS = Asker("department", "employment", "other"), Asker("department", "school", "core")
OFFICE, ADMINISTRATOR, EVALUATOR = (
    Asker("office", "chuangjianban", "core"),
    Asker("administrator", *OPERATOR),
    Asker("evaluator", "kaoping", "core"),
)
CLOSED = {"course": "C1"}
WAITS = report("w-1", "training.course_closed", CLOSED)
REFUSED = report("x-1", "training.course_opened", {"course": "C9", "name": "班", "course_kind": "dancing", "institution": "县就业训练中心"})


@asynccontextmanager
async def desk(broker: Broker, **settings: Any) -> AsyncIterator[tuple[Client, ReportingClient, MemoryStore]]:
    """A service with one report that waits and one that was refused."""
    store = MemoryStore(SERVICE, COUNTY)
    async with serving(broker, RULES, store, **settings), department(broker) as client, connected(broker) as nc:
        assert [(await client.report(each)).outcome for each in (WAITS, REFUSED)] == ["waiting", "refused"]
        yield nc, client, store


def by(nc: Client, asker: Asker) -> RepairDesks:
    return RepairDesks(nc, asker, silence_seconds_max=10)


def told(name: str, id: str, **more: Any) -> dict[str, Any]:
    return {"act": name, "source": str(SOURCE), "id": id, "why": "核对后处理", **more}


async def test_everybody_sees_what_is_theirs(broker: Broker) -> None:
    async with desk(broker) as (nc, _, _):
        for asker in (MINE, OFFICE, ADMINISTRATOR, EVALUATOR):
            page = await by(nc, asker).list(SERVICE, ListKept())
            assert [(each.id, each.state, each.reason and each.reason.code) for each in page.reports] == [
                ("w-1", "waiting", "not_opened"), ("x-1", "refused", "invalid"),
            ]  # fmt: skip
            assert page.next is None
            (whole,) = (await by(nc, asker).show(SERVICE, ShowKept(id="w-1"))).reports
            assert (whole.waits_for, whole.contents[0].report["data"]) == (("opening:course:C1",), CLOSED)
        first = await by(nc, OFFICE).list(SERVICE, ListKept(limit=1))
        assert first.next is not None
        assert [each.id for each in (await by(nc, OFFICE).list(SERVICE, ListKept(limit=1, after=first.next))).reports] == ["x-1"]
        assert (await by(nc, OFFICE).list(SERVICE, ListKept(older_than_days=1))).reports == ()
        assert len((await by(nc, OFFICE).list(SERVICE, ListKept(since=DAY))).reports) == 2


async def test_another_department_neither_sees_nor_touches_it(broker: Broker) -> None:
    async with desk(broker) as (nc, _, store):
        other = by(nc, OTHERS)
        assert (await other.list(SERVICE, ListKept())).reports == ()
        assert (await other.show(SERVICE, ShowKept(id="w-1"))).reports == ()
        before = dict(store.report_rows)
        changes = (Change(path="data.course", value="C2"),)
        for asked in (
            other.list(SERVICE, ListKept(department="employment")), other.show(SERVICE, ShowKept(id="w-1", source=str(SOURCE))),
            other.resubmit(SERVICE, Resubmit(**told("a", "w-1"))), other.dismiss(SERVICE, Dismiss(**told("b", "w-1"))),
            other.correct(SERVICE, Correct(**told("c", "w-1"), changes=changes)),
        ):  # fmt: skip
            with pytest.raises(RepairRefused) as refused:
                await asked
            assert refused.value.reason.code == "not_your_report"
        assert store.report_rows == before
        assert store.act_rows == {}


@pytest.mark.parametrize("bounds", [{"may_report": ("training.course_closed",)}, {"units": ("990101001000",)}], ids=["types", "units"])
async def test_a_system_that_may_report_some_things_only_deals_with_its_own_reports_alone(
    bounds: dict[str, Any], broker: Broker, tmp_path: Path
) -> None:
    keys: dict[str, Any] = {service: public_key(new_seed()) for service in (*SERVICES, "indicators")}
    users = CountyUsers(**keys, departments=tuple(
        DepartmentUser(department="employment", system=system, nkey=public_key(new_seed()), **bounds) for system in ("other", "hr")
    ))  # fmt: skip
    (tmp_path / "departments.toml").write_text(users_toml({COUNTY: users}))
    async with desk(broker, departments=tmp_path / "departments.toml") as (nc, _, store):
        (whole,) = (await by(nc, MINE).show(SERVICE, ShowKept(id="x-1"))).reports
        assert whole.source == str(SOURCE), "it may look"
        fixed = Correct(**told("c", "x-1"), changes=(Change(path="data.course_kind", value="start_up"),))
        acts = [by(nc, MINE).correct(SERVICE, fixed), by(nc, MINE).resubmit(SERVICE, Resubmit(**told("a", "w-1")))]
        for act in (*acts, by(nc, MINE).dismiss(SERVICE, Dismiss(**told("b", "w-1")))):
            with pytest.raises(RepairRefused) as refused:
                await act
            assert refused.value.reason.code == "not_your_systems_report"
        assert store.act_rows == {}
        own = Asker("department", SOURCE.department, SOURCE.system)
        assert (await by(nc, own).dismiss(SERVICE, Dismiss(**told("d", "x-1")))).reason is not None
        assert len(store.act_rows) == 1


async def test_an_evaluator_does_nothing_even_where_the_broker_lets_it_ask(broker: Broker) -> None:
    async with desk(broker) as (nc, _, store):
        with pytest.raises(RepairRefused) as refused:
            await by(nc, EVALUATOR).dismiss(SERVICE, Dismiss(**told("a", "x-1")))
        assert refused.value.reason.code == "reads_only"
        reply = await nc.request(subjects.repair(SERVICE, "dismiss", *EVALUATOR), orjson.dumps(told("a", "x-1")), timeout=10)
        assert orjson.loads(reply.data)["code"] == "reads_only"
        assert store.act_rows == {}


async def test_the_reporter_hears_of_what_was_done_and_who_did_it_is_kept(broker: Broker) -> None:
    async with desk(broker) as (nc, client, store):
        fixed = await by(nc, MINE).correct(
            SERVICE, Correct(**told("a-1", "x-1"), changes=(Change(path="data.course_kind", value="start_up"),))
        )
        assert (fixed.outcome, fixed.who) == ("recorded", "department employment/other")
        assert fixed.copy_id is not None
        assert (await client.report(REFUSED)).code == "corrected"
        gone = await by(nc, ADMINISTRATOR).dismiss(SERVICE, Dismiss(**told("a-2", "w-1", why="重复报送")))
        assert (gone.outcome, gone.who) == ("refused", "administrator kaiye/administrator")
        assert (await client.report(WAITS)).zh == "已退回不处理：重复报送"
        (copy,) = (await by(nc, OFFICE).show(SERVICE, ShowKept(id=fixed.copy_id, source=str(SOURCE)))).reports
        assert (copy.copy_of, copy.contents[0].state, copy.contents[0].position) == ("x-1", "recorded", fixed.position)
        assert {row.who for row in store.act_rows.values()} == {"department employment/other", "administrator kaiye/administrator"}
        again = await by(nc, OFFICE).resubmit(SERVICE, Resubmit(**told("a-3", "w-1")))
        assert again.outcome == "waiting"
        assert (await client.report(course(1))).outcome == "recorded"
        assert (await client.report(WAITS)).outcome == "recorded", "what waits resolves by itself"


async def test_bugs_are_shown_to_whoever_operates_the_system_alone(broker: Broker) -> None:
    store = MemoryStore(SERVICE, COUNTY)

    def decide(state: Any, fact: Any, day: Any) -> Any:
        raise ZeroDivisionError

    from dataclasses import replace

    async with serving(broker, replace(RULES, decide=decide), store), department(broker) as client, connected(broker) as nc:
        assert (await client.report(course(1))).code == "internal"
        for asker, troubles in ((MINE, 0), (EVALUATOR, 0), (OFFICE, 1), (ADMINISTRATOR, 1)):
            (whole,) = (await by(nc, asker).show(SERVICE, ShowKept(id="c-1"))).reports
            assert len(whole.troubles) == troubles
        with pytest.raises(NobodyRepairs, match="an internal error"):
            await RepairDesks(nc, OFFICE, silence_seconds_max=1).resubmit(SERVICE, Resubmit(**told("a", "c-1")))
        assert store.act_rows == {}


@pytest.mark.parametrize(
    ("call", "asker", "asked", "code"),
    [
        ("list", ("office", "chuangjianban", "core"), b"{", "invalid"),
        ("list", ("office", "chuangjianban", "core"), b'{"limit": 0}', "invalid"),
        (
            "dismiss",
            ("office", "chuangjianban", "core"),
            orjson.dumps(told("a", "x-1", why=f"因 {resident_id(1)}")),
            "resident_id_in_words",
        ),
        *(
            ("correct", ("office", "chuangjianban", "core"), orjson.dumps(told("a", "x-1", changes=[{"path": path, "value": value}])), code)
            for path, value, code in (
                ("data.name", resident_id(1), "resident_id_in_words"),
                ("data.name", "班长 330127801231001", "resident_id_in_words"),
                (f"data.{resident_id(1)}", "班", "resident_id_in_words"),
            )
        ),
        ("dismiss", ("office", "chuangjianban", "core"), orjson.dumps(told("a", "x-1", why=" ")), "invalid"),
        ("dismiss", ("office", "chuangjianban", "core"), orjson.dumps(told("a", "x-9")), "unknown_report"),
        ("list", ("king", "chuangjianban", "core"), b"{}", "unknown_asker"),
        ("list", ("office", "CHUANGJIANBAN", "core"), b"{}", "unknown_asker"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    broker: Broker, call: str, asker: tuple[str, str, str], asked: bytes, code: str
) -> None:  # fmt: skip
    async with desk(broker) as (nc, _, store):
        reply = await nc.request(subjects.repair(SERVICE, call, *asker), asked, timeout=10)
        assert (reply.headers or {}).get(subjects.ERROR_HEADER) == code
        assert orjson.loads(reply.data)["code"] == code
        assert store.act_rows == {}


async def test_a_registration_number_that_looks_like_an_old_id_may_be_set_where_one_belongs(broker: Broker) -> None:
    async with desk(broker) as (nc, _, _):
        asked = Correct(**told("a-1", "x-1"), changes=(Change(path="data.entity", value="330127801231004"),))
        assert (await by(nc, OFFICE).correct(SERVICE, asked)).outcome == "refused", "a course has no such field, but it was decided"


def test_a_department_of_the_systems_name_cannot_be() -> None:
    assert Source.parse(f"/{COUNTY}/{'/'.join(OPERATOR)}").department == "kaiye"
