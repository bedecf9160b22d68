"""Who may say and hear what, on a real server with the generated accounts."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from subprocess import run

import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from deploy.embedded import HOST, EmbeddedNats
from deploy.nats.accounts import CONNECTIONS_MAX, SUBSCRIPTIONS_MAX, accounts_conf, inbox_of, main
from deploy.nats.keys import new_seed, public_key
from shared import subjects
from shared.contracts import FACTS
from shared.contracts.base import SERVICES
from shared.repair import OPERATOR
from shared.users import AdministratorUser, CountyUsers, DepartmentUser
from tests.support.admission import lets_in
from tests.support.nats import KeyedBroker, settled

NATS = Path(__file__).parent.parent.parent / "deploy" / "nats"
COUNTY = "330127000000"
DAY = date(2026, 3, 2)
WAIT_SECONDS = 0.3
"""Long enough for a message on the loopback to arrive, if it is let through."""


DEPARTMENTS = ("bank", "school", "narrow", "chuangjianban", "auditor", "watcher", "lapsed")
SEEDS = {name: new_seed() for name in ("registry", "training", "finance", "indicators", "door", "administrator", *DEPARTMENTS)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    keys = {name: public_key(seed) for name, seed in SEEDS.items()}
    users = CountyUsers(
        registry=keys["registry"], training=keys["training"], finance=keys["finance"], indicators=keys["indicators"],
        door=keys["door"],
        administrator=AdministratorUser(nkey=keys["administrator"], reports_for_all=True),
        departments=(
            DepartmentUser(department="bank", system="core", nkey=keys["bank"]),
            DepartmentUser(department="school", system="core", nkey=keys["school"]),
            DepartmentUser(department="narrow", system="core", nkey=keys["narrow"], may_report=("finance.loan_applied",), until=DAY),
            DepartmentUser(department="chuangjianban", system="core", nkey=keys["chuangjianban"], role="office"),
            DepartmentUser(department="auditor", system="core", nkey=keys["auditor"], role="evaluator"),
            DepartmentUser(department="watcher", system="core", nkey=keys["watcher"], role="administrator"),
            DepartmentUser(department="lapsed", system="core", nkey=keys["lapsed"], until=DAY - timedelta(days=1)),
        ),
    )  # fmt: skip
    server = KeyedBroker(tmp_path_factory.mktemp("nkeys"), accounts_conf({COUNTY: users}, DAY))
    yield server.start()
    server.stop()


@asynccontextmanager
async def _as(server: str, *names: str) -> AsyncIterator[tuple[Client, list[str]]]:
    """Connected as a user, and what the server forbade it."""
    forbidden: list[str] = []

    async def heard(error: Exception) -> None:
        forbidden.append(str(error))

    client = await nats.connect(server, nkeys_seed_str=SEEDS[names[0]], inbox_prefix=inbox_of(*names), error_cb=heard)
    try:
        yield client, forbidden
    finally:
        await client.close()


async def _hears(listener: Client, subject: str, speaker: Client) -> bool:
    subscription = await listener.subscribe(subject)
    await settled(listener)
    await speaker.publish(subject, b"x")
    await settled(speaker)
    await settled(listener)  # whatever the server had for it when it answers the speaker has come when it answers the listener
    heard = subscription.pending_msgs > 0
    await subscription.unsubscribe()
    return heard


async def test_a_department_reports_under_its_own_name_only(server: str) -> None:
    queue = subjects.reported_stream(COUNTY)
    async with (
        _as(server, "bank", "core") as (bank, forbidden),
        _as(server, "finance") as (service, _),
        _as(server, "administrator") as (administrator, _),
    ):
        await service.jetstream().add_stream(name=queue, subjects=[subjects.reported_to(COUNTY, "finance")])
        own = subjects.reported(COUNTY, "bank", "core", "finance.loan_applied")
        others = subjects.reported(COUNTY, "school", "core", "finance.loan_applied")
        for subject in (own, others):
            await bank.publish(subject, b"{}")
        await settled(bank)
        await asyncio.sleep(WAIT_SECONDS)
        assert (await administrator.jetstream().stream_info(queue)).state.messages == 1
    assert any(others.lower() in said.lower() for said in forbidden)


async def test_a_department_reports_events_of_services_and_nothing_longer_or_shorter(server: str) -> None:
    place = f"reported.{COUNTY}.bank.core"
    impossible = [f"{place}.finance.loan_applied.more", f"{place}.finance", f"{place}.indicators.loan_applied"]
    async with _as(server, "bank", "core") as (bank, forbidden):
        for service in SERVICES:
            await bank.publish(f"{place}.{service}.loan_applied", b"{}")
        for subject in impossible:
            await bank.publish(subject, b"{}")
        await settled(bank)
        await asyncio.sleep(WAIT_SECONDS)
    assert len(forbidden) == len(impossible)
    assert all(subject in said for subject, said in zip(impossible, forbidden, strict=True))


async def test_answers_reach_their_department_only(server: str) -> None:
    answer = subjects.answered(COUNTY, "bank", "core", "1")
    async with (
        _as(server, "bank", "core") as (bank, _),
        _as(server, "school", "core") as (school, _),
        _as(server, "finance") as (service, _),
    ):
        assert await _hears(bank, answer, service)
        assert not await _hears(school, answer, service)


async def test_nobody_but_the_service_states_what_is_recorded(server: str) -> None:
    recorded, stream = subjects.recorded(COUNTY, "finance.loan_applied"), subjects.recorded_stream(COUNTY, "finance")
    async with (
        _as(server, "finance") as (finance, _),
        _as(server, "training") as (training, denied),
        _as(server, "bank", "core") as (bank, no),
    ):
        await finance.jetstream().add_stream(name=stream, subjects=[recorded])
        await finance.jetstream().publish(recorded, b"{}")
        for stranger in (training, bank):
            await stranger.publish(recorded, b"{}")
            await settled(stranger)
        await asyncio.sleep(WAIT_SECONDS)
        assert (await finance.jetstream().stream_info(stream)).state.messages == 1
    assert denied
    assert no


async def test_a_department_cannot_touch_the_streams(server: str) -> None:
    async with _as(server, "school", "core") as (school, forbidden):
        with pytest.raises(nats.errors.TimeoutError):
            await school.request("$JS.API.STREAM.NAMES", b"", timeout=WAIT_SECONDS)
    assert forbidden


async def test_a_department_cannot_hear_anothers_replies(server: str) -> None:
    async with _as(server, "school", "core") as (school, forbidden):
        await school.subscribe(f"{inbox_of('bank', 'core')}.>")
        await school.subscribe("_INBOX.>")
        await settled(school)
        await asyncio.sleep(WAIT_SECONDS)
    assert len(forbidden) == 2


async def test_only_who_holds_the_services_key_commands_it(server: str) -> None:
    subject = subjects.command("rebuild")
    async with _as(server, "indicators") as (service, _), _as(server, "bank", "core") as (bank, forbidden):
        assert await _hears(service, subject, service)
        assert not await _hears(service, subject, bank)
    assert any(subject in said for said in forbidden)


async def test_a_department_has_ids_exchanged_under_its_own_name_and_only_the_registry_hears_them(server: str) -> None:
    own, others = subjects.identify("bank", "core"), subjects.identify("school", "core")
    async with (
        _as(server, "registry") as (registry, _),
        _as(server, "indicators") as (indicators, deaf),
        _as(server, "bank", "core") as (bank, forbidden),
    ):

        async def answer(message: Msg) -> None:
            await message.respond(message.subject.encode())

        await registry.subscribe(subjects.identify("*", "*"), cb=answer)
        await settled(registry)
        assert (await bank.request(own, b"", timeout=5)).data == own.encode()
        with pytest.raises(nats.errors.TimeoutError):
            await bank.request(others, b"", timeout=WAIT_SECONDS)
        for listener in (bank, indicators):
            await listener.subscribe(own)
            await settled(listener)
        await asyncio.sleep(WAIT_SECONDS)
    assert any(others in said for said in forbidden)
    assert any(own in said for said in forbidden), "nor may a department hear what it says itself"
    assert any(own in said for said in deaf)


async def test_only_the_administrator_erases_persons_or_changes_their_keys(server: str) -> None:
    async with (
        _as(server, "registry") as (registry, _),
        _as(server, "administrator") as (administrator, _),
        _as(server, "bank", "core") as (bank, forbidden),
    ):
        for name in ("erase_person", "rotate_person_key"):
            assert await _hears(registry, subjects.registry_command(name), administrator)
            assert not await _hears(registry, subjects.registry_command(name), bank)
        assert await _hears(registry, subjects.identify("bank", "core"), administrator), "it speaks in the departments' names here"
    assert len(forbidden) == 2


async def test_a_query_is_answered_to_whoever_asked(server: str) -> None:
    subject = subjects.query("board")

    async with _as(server, "indicators") as (service, _), _as(server, "bank", "core") as (bank, _):

        async def answer(message: Msg) -> None:
            await message.respond(b"the board")

        await service.subscribe(subject, cb=answer)
        await settled(service)
        assert (await bank.request(subject, b"", timeout=5)).data == b"the board"


def test_the_example_makes_a_configuration_that_the_server_accepts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(NATS / "users.example.toml")]) == 0
    (tmp_path / "accounts.conf").write_text(capsys.readouterr().out)
    (tmp_path / "server.conf").write_text(f'jetstream {{ store_dir: "{tmp_path}" }}\ninclude "accounts.conf"\n')
    command = EmbeddedNats(tmp_path).command()[0]
    checked = run([command, "-t", "-c", tmp_path / "server.conf"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("said", ["", "not toml", '["330127001000"]', '["330127000000"]\nregistry = "UA"'])
def test_bad_users_are_named_and_nothing_is_written(said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "users.toml"
    file.write_text(said)
    code = main([str(file)])
    assert (code, capsys.readouterr().out) == ((2, "") if said else (0, "accounts: {}\n"))


# Who may do what: everybody against every subject

SERVICE_USERS = (*SERVICES, "indicators")
PLACES = tuple((department, "core") for department in DEPARTMENTS if department != "lapsed")
USERS = (*((service,) for service in SERVICE_USERS), ("door",), ("administrator",), *PLACES)
TYPES = {service: next(fact.type for fact in FACTS if fact.type.startswith(f"{service}.")) for service in SERVICES} | {
    "finance": "finance.loan_applied"
}
ROLES = {"chuangjianban": "office", "auditor": "evaluator", "watcher": "administrator"}
ROLES |= dict.fromkeys(("bank", "school", "narrow"), "department")
SUBJECTS = {
    **{
        f"reported by {place[0]} to {service}": subjects.reported(COUNTY, *place, type_)
        for place in PLACES
        for service, type_ in TYPES.items()
    },
    **{f"answered to {place[0]}": subjects.answered(COUNTY, *place, "1") for place in PLACES},
    **{f"recorded by {service}": subjects.recorded(COUNTY, type_) for service, type_ in TYPES.items()},
    "query": subjects.query("board"),
    "command": subjects.command("rebuild"),
    **{f"identify for {place[0]}": subjects.identify(*place) for place in PLACES},
    "command to registry": subjects.registry_command("erase_person"),
    "acts about persons": subjects.registry_command("person_acts"),
    **{
        f"{call} at {service} as {role} of {place[0]}": subjects.repair(service, call, role, *place)
        for service in SERVICES
        for call in ("show", "dismiss")
        for role, place in (*((ROLES[place[0]], place) for place in PLACES), ("office", ("bank", "core")), ("administrator", OPERATOR))
    },
    "changed": subjects.changed(COUNTY),
    **{f"inbox of {user[0]}": f"{inbox_of(*user)}.x" for user in USERS},
}
QUEUE = subjects.reported_stream(COUNTY)
STREAMS = {
    "the queue": QUEUE,
    "the answers": subjects.answered_stream(COUNTY),
    **{f"records of {service}": subjects.recorded_stream(COUNTY, service) for service in SERVICES},
    "a new stream": "EVIL",
}
CONSUMERS = {
    **{f"reports to {service}": (QUEUE, service) for service in SERVICES},
    **{f"a reader of {service}": (subjects.recorded_stream(COUNTY, service), "Xa1b2c3d") for service in SERVICES},
}
OF_STREAMS = (
    "STREAM.CREATE", "STREAM.UPDATE", "STREAM.DELETE", "STREAM.PURGE", "STREAM.INFO", "STREAM.MSG.GET", "STREAM.MSG.DELETE",
    "STREAM.SNAPSHOT", "STREAM.RESTORE", "STREAM.LEADER.STEPDOWN", "STREAM.PEER.REMOVE", "DIRECT.GET", "CONSUMER.CREATE",
    "CONSUMER.NAMES", "CONSUMER.LIST",
)  # fmt: skip
OF_CONSUMERS = (
    "CONSUMER.CREATE", "CONSUMER.DURABLE.CREATE", "CONSUMER.DELETE", "CONSUMER.INFO", "CONSUMER.MSG.NEXT", "CONSUMER.PAUSE",
    "CONSUMER.RESET", "CONSUMER.UNPIN", "CONSUMER.LEADER.STEPDOWN",
)  # fmt: skip
OF_ALL = ("INFO", "STREAM.NAMES", "STREAM.LIST", "META.LEADER.STEPDOWN", "SERVER.REMOVE", f"ACCOUNT.PURGE.C{COUNTY}")
SUBJECTS |= {call: f"$JS.API.{call}" for call in OF_ALL}
SUBJECTS |= {f"{call} {name}": f"$JS.API.{call}.{stream}" for call in OF_STREAMS for name, stream in STREAMS.items()}
SUBJECTS |= {
    f"{call} {name}": f"$JS.API.{call}.{stream}.{consumer}" for call in OF_CONSUMERS for name, (stream, consumer) in CONSUMERS.items()
}
SUBJECTS |= {
    f"draw for {service} what is reported to {other}": f"$JS.API.CONSUMER.CREATE.{QUEUE}.{service}.{subjects.reported_to(COUNTY, other)}"
    for service in SERVICES
    for other in SERVICES
}
SUBJECTS |= {
    f"acknowledge {name}{where}": f"$JS.ACK.{of}{stream}.{consumer}.1.1.1.1.0"
    for name, (stream, consumer) in CONSUMERS.items()
    for where, of in (("", ""), (" in a domain", "hub.Ab12."))
}
ALL_ANSWERS = {f"answered to {place[0]}" for place in PLACES}
"""What whoever operates the system hears, and the HTTP door."""
IN_ALL_NAMES = {subject for subject in SUBJECTS if subject.startswith(("reported by ", "identify for "))}


LOOKING = {"INFO", "STREAM.NAMES", "STREAM.LIST"} | {
    f"{call} {name}"
    for calls, names in (
        (("STREAM.INFO", "STREAM.MSG.GET", "CONSUMER.NAMES", "CONSUMER.LIST"), STREAMS), (("CONSUMER.INFO",), CONSUMERS),
    )
    for call in calls
    for name in names
}  # fmt: skip
"""What changes nothing."""


def _at_its_streams(service: str) -> set[str]:
    """Its own stream it makes, and makes anew; the shared ones it makes, and one service keeps them; of the reports it draws its own."""
    own = {f"STREAM.{call} records of {service}" for call in ("CREATE", "UPDATE", "DELETE", "INFO", "MSG.GET")}
    shared = {f"STREAM.{call} {name}" for call in ("CREATE", "UPDATE") for name in ("the queue", "the answers")}
    made = shared if service == "registry" else {name for name in shared if name.startswith("STREAM.CREATE")}
    drawn = {f"CONSUMER.INFO reports to {service}", f"CONSUMER.MSG.NEXT reports to {service}"}
    drawn |= {f"draw for {service} what is reported to {service}"}
    return (
        own
        | made
        | drawn
        | {f"acknowledge reports to {service}{where}" for where in ("", " in a domain")}
        | {"STREAM.MSG.DELETE the queue"}
    )


def _following(*services: str) -> set[str]:
    """A consumer that the broker names, of what these record."""
    return {said for each in services for said in (f"CONSUMER.CREATE records of {each}", f"CONSUMER.MSG.NEXT a reader of {each}")}


def _may_publish(name: str) -> set[str]:
    """By the rules as people know them, not by the code that writes the permissions."""
    own = {f"reported by {name} to {service}" for service in SERVICES}
    repairs = {subject for subject in SUBJECTS if subject.endswith(f" as {ROLES.get(name)} of {name}")}
    match name:
        case "registry" | "training" | "finance":
            follows = set() if name == "registry" else _following("registry")
            return {f"recorded by {name}", *ALL_ANSWERS} | _at_its_streams(name) | follows
        case "indicators":
            looks = {"STREAM.MSG.GET the answers", *(f"STREAM.INFO records of {service}" for service in SERVICES)}
            return {"changed", "command"} | looks | _following(*SERVICES)
        case "administrator":
            at_the_desk = {subject for subject in SUBJECTS if subject.endswith(" as administrator of kaiye")}
            return {"query", "command", "command to registry", "acts about persons"} | LOOKING | IN_ALL_NAMES | at_the_desk
        case "door":
            return IN_ALL_NAMES | {subject for service in SERVICES for subject in _at_the_desk(service)}
        case "watcher":
            return {"query", "command", "command to registry", "acts about persons"} | LOOKING | repairs
        case "auditor":
            return {"query"} | {subject for subject in repairs if subject.startswith("show ")}
        case "narrow":
            return {"reported by narrow to finance", "identify for narrow", "query"} | repairs
        case "chuangjianban":
            return {*own, f"identify for {name}", "query", "command", "acts about persons"} | repairs
        case _:
            return {*own, f"identify for {name}", "query"} | repairs


def _may_hear(name: str) -> set[str]:
    own_inbox = f"inbox of {name}"
    match name:
        case "registry":
            identified = {subject for subject in SUBJECTS if subject.startswith("identify for ")}
            return {own_inbox, "command to registry", "acts about persons"} | identified | _at_the_desk(name)
        case "training" | "finance":
            return {own_inbox} | _at_the_desk(name)
        case "indicators":
            return {own_inbox, "query", "command"}
        case "administrator" | "watcher":
            return {own_inbox, "changed", *ALL_ANSWERS}
        case "door":
            return {own_inbox, *ALL_ANSWERS}
        case "auditor":
            return {own_inbox}
        case _:
            return {own_inbox, f"answered to {name}"}


def _at_the_desk(service: str) -> set[str]:
    return {subject for subject in SUBJECTS if f" at {service} as " in subject}


def test_every_subject_there_is_stands_in_the_matrix() -> None:
    spelled = {name for name, made in inspect.getmembers(subjects, inspect.isfunction) if not name.endswith(("_stream", "_to"))}
    assert spelled == {"reported", "answered", "recorded", "query", "command", "changed", "identify", "registry_command", "repair"}


@pytest.mark.parametrize("user", USERS, ids=lambda user: user[0])
async def test_everybody_may_say_and_hear_what_is_theirs_and_nothing_else(server: str, user: tuple[str, ...]) -> None:
    async with _as(server, *user) as (client, forbidden):
        for subject in SUBJECTS.values():
            await client.publish(subject, b"x")
            await client.subscribe(subject)
        await settled(client)
        await asyncio.sleep(WAIT_SECONDS)
    said, heard = (
        {name for name, subject in SUBJECTS.items() if not any(f'{verb} to "{subject}"'.lower() in each.lower() for each in forbidden)}
        for verb in ("publish", "subscription")
    )
    assert said == _may_publish(user[0])
    assert heard == _may_hear(user[0])


@pytest.mark.parametrize("user", USERS, ids=lambda user: user[0])
@pytest.mark.parametrize("subject", [">", "reported.>", "answered.>", f"answered.{COUNTY}.*.*.>", "recorded.>", "_INBOX.>", "$SYS.>"])
async def test_nobody_listens_to_more_than_one_thing_by_a_wildcard(server: str, user: tuple[str, ...], subject: str) -> None:
    async with _as(server, *user) as (client, forbidden):
        await client.subscribe(subject)
        await settled(client)
        await asyncio.sleep(WAIT_SECONDS)
    operates = user[0] in ("door", "administrator", "watcher") and subject.startswith(f"answered.{COUNTY}")
    assert bool(forbidden) is not operates


async def test_nobody_takes_so_many_connections_that_others_have_none(server: str) -> None:
    port = int(server.rpartition(":")[2])
    async with AsyncExitStack() as opened:
        for _ in range(CONNECTIONS_MAX):
            await opened.enter_async_context(_as(server, "auditor", "core"))
        assert not lets_in(HOST, port, SEEDS["auditor"])
        assert lets_in(HOST, port, SEEDS["bank"])
    assert lets_in(HOST, port, SEEDS["auditor"])


async def test_nobody_subscribes_without_end(server: str) -> None:
    async with _as(server, "auditor", "core") as (auditor, forbidden):
        for _ in range(SUBSCRIPTIONS_MAX):
            await auditor.subscribe(f"{inbox_of('auditor', 'core')}.x")
        await settled(auditor)
        assert forbidden == []
        await auditor.subscribe(f"{inbox_of('auditor', 'core')}.x")
        async with asyncio.timeout(5):
            while not auditor.is_closed:
                await asyncio.sleep(0.01)
    assert "maximum subscriptions exceeded" in str(auditor.last_error).lower()


def test_whose_last_day_is_over_is_not_let_in(server: str) -> None:
    port = int(server.rpartition(":")[2])
    assert lets_in(HOST, port, SEEDS["narrow"])
    assert not lets_in(HOST, port, SEEDS["lapsed"])
