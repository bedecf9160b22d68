"""Who may say and hear what on the bus: an account per county for its services and the HTTP door, one beside it for each system of a
department and for whoever operates the system, and in each of them users known by their NKeys.

A department publishes only under its own `reported.<county>.<department>.<system>.`, and there only what has the form
`<service>.<event>`: this is what makes the subject proof of identity.
Replies go to an inbox prefix of each user's own, because with the default `_INBOX.>` everybody could read everybody's replies.

Why accounts of their own: a broker looks at the subject of a message, and not at the one it is to be replied to. In one account with the
services, a department could name `recorded.<county>.…` there, or another department's subject, and the service it asks, or the stream it
reports to, would reply to it with all its own rights. A reply to somebody in another account comes out in that account and nowhere else.

Of the streams' interface (`$JS.API.…`) everybody has the calls that are named here and no other. A stream or a consumer speaks for whoever
set it up (it republishes, copies, delivers) where that one may not: so who operates the system only looks, and a service sets up its own
stream and the consumer of its own reports. The queue of reports and the answers are shared: every write service may make them where they
are missing, `KEEPER` alone changes them, and nobody deletes or empties them.

    python -m deploy.nats.accounts users.toml > accounts.conf
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from shared import subjects
from shared.bus import KEEPER
from shared.clock import today
from shared.contracts.base import SERVICES, Service
from shared.repair import OPERATOR, READING
from shared.users import MAY, AdministratorUser, BadUsers, CountyUsers, DepartmentUser, Role, read_users

ADMINISTRATOR = "administrator"
"""The name of the user as which a county's system is operated."""
DOOR = "door"
"""The name of the user as which the HTTP door passes on what departments report there."""
HEARD: Mapping[str, Sequence[str]] = {
    "indicators": ("query.indicators.>", "command.indicators.>"),
    "registry": ("identify.registry.>", "command.registry.>", "repair.registry.>"),
    "training": ("repair.training.>",),
    "finance": ("repair.finance.>",),
}
"""The questions and commands that a service answers, by request and reply."""
CONNECTIONS_MAX, SUBSCRIPTIONS_MAX = 32, 1_000
"""What one system of a department, or whoever operates the system, has at most at a time: all its programs together."""
INSIDE_CONNECTIONS_MAX, INSIDE_SUBSCRIPTIONS_MAX = 500, 50_000
"""What all services have together: the HTTP door subscribes for every report it waits for."""
_QUERIES, _COMMANDS = "query.indicators.*", "command.indicators.*"
_OF_PERSONS = tuple(subjects.registry_command(name) for name in ("person_acts", "export_roster"))
"""What the office, too, may have the registry do about persons."""
_COMMANDS_OF_PERSONS = "command.registry.*"
_SERVED = (_QUERIES, _COMMANDS, _COMMANDS_OF_PERSONS, subjects.identify("*", "*"), subjects.repair("*", "*", "*", "*", "*"))
"""What is asked of services from outside their account."""
_STREAMS = "$JS.API."
_LOOKING = tuple(
    _STREAMS + call
    for call in (
        "INFO", "STREAM.NAMES", "STREAM.LIST", "STREAM.INFO.*", "STREAM.MSG.GET.*",
        "CONSUMER.NAMES.*", "CONSUMER.LIST.*", "CONSUMER.INFO.*.*",
    )
)  # fmt: skip
"""The calls of the streams' interface that change nothing and leave nothing behind."""


def accounts_conf(counties: Mapping[str, CountyUsers], today: date, *, more: Sequence[Mapping[str, object]] = ()) -> str:
    """The `accounts` block of a NATS configuration, without those who are no longer let in.

    `more` are users as the configuration has them, beside those of each county.
    """
    accounts = {name: account for code, users in counties.items() for name, account in _accounts(code, users, today, more)}
    return f"accounts: {json.dumps(accounts, indent=2)}\n"


def account_of(county: str, *names: str) -> str:
    """The name of a county's account, or of that of one key of a department's system."""
    return "/".join((f"C{county}", *names))


def inbox_of(*names: str) -> str:
    """The reply prefix of a user: the setting `KAIYE_NATS_INBOX` of whoever connects as it. No two users' names give the same one."""
    return "_INBOX_" + ".".join(names)


@dataclass(frozen=True, slots=True)
class _Beside:
    """A user in an account of its own: all that this has in common with the county's is what its user may say and hear."""

    nkey: str
    inbox: str
    publish: list[str]
    subscribe: list[str]

    @property
    def looks(self) -> bool:
        """Whether it may look into the streams."""
        return any(subject.startswith(_STREAMS) for subject in self.publish)

    def account(self, there: str) -> dict[str, object]:
        """What the configuration says of it. The streams' interface is imported as a whole, and its user's permissions say what of it may
        be asked: a part of it the server takes for a question about streams of this very account (nats-server 2.15).
        """
        asked = [subject for subject in self.publish if not subject.startswith(_STREAMS)] + [f"{_STREAMS}>"] * self.looks
        imports: list[dict[str, object]] = [{"service": {"account": there, "subject": subject}} for subject in asked]
        return {
            "limits": _limits(CONNECTIONS_MAX, SUBSCRIPTIONS_MAX),
            "imports": imports + [{"stream": {"account": there, "subject": subject}} for subject in self.subscribe],
            "users": [_user(self.nkey, self.publish, [f"{self.inbox}.>", *self.subscribe])],
        }


def _accounts(
    county: str, users: CountyUsers, today: date, more: Sequence[Mapping[str, object]]
) -> Iterator[tuple[str, dict[str, object]]]:
    """The county's account and those beside it: one for each key of a department's system, of which there are two while it changes it."""
    beside = {
        account_of(county, user.department, user.system, user.nkey): _department(county, user)
        for user in users.departments
        if user.valid_on(today)
    }
    if users.administrator is not None:
        beside[account_of(county, ADMINISTRATOR)] = _administrator(county, users.administrator)
    exports: list[dict[str, object]] = [{"service": subject} for subject in (*_SERVED, f"reported.{county}.>")]
    exports += [{"stream": subject} for subject in _watching(county)]
    if looking := [name for name, user in beside.items() if user.looks]:
        exports.append({"service": f"{_STREAMS}>", "accounts": looking})
    yield account_of(county), {
        "jetstream": "enabled", "limits": _limits(INSIDE_CONNECTIONS_MAX, INSIDE_SUBSCRIPTIONS_MAX),
        "exports": exports, "users": [*_inside(county, users), *more],
    }  # fmt: skip
    for name, user in beside.items():
        yield name, user.account(account_of(county))


def _inside(county: str, users: CountyUsers) -> list[dict[str, object]]:
    services = [_write_service(county, service, getattr(users, service)) for service in SERVICES]
    door = [] if users.door is None else [_door(county, users.door)]
    return [*services, _indicators(county, users.indicators), *door]


def _write_service(county: str, service: Service, nkey: str) -> dict[str, object]:
    """States as recorded what is its own, answers everybody, and draws its own reports."""
    own, queue, answers = subjects.recorded_stream(county, service), subjects.reported_stream(county), subjects.answered_stream(county)
    calls = [f"STREAM.{call}.{own}" for call in ("CREATE", "UPDATE", "DELETE", "INFO", "MSG.GET")]  # made anew where it has holes
    made = ("CREATE", "UPDATE") if service == KEEPER else ("CREATE",)
    calls += [f"STREAM.{call}.{shared}" for call in made for shared in (queue, answers)]
    calls += [
        f"STREAM.MSG.DELETE.{queue}",  # reports that hold a resident id are overwritten
        f"CONSUMER.CREATE.{queue}.{service}.{subjects.reported_to(county, service)}",
        f"CONSUMER.INFO.{queue}.{service}", f"CONSUMER.MSG.NEXT.{queue}.{service}",
    ]  # fmt: skip
    followed: tuple[Service, ...] = () if service == "registry" else ("registry",)  # for the facts about units
    said = [f"recorded.{county}.{service}.>", f"answered.{county}.>", *(_STREAMS + call for call in calls), *_following(county, followed)]
    # Where streams have a domain, an acknowledgement names it and the account before them.
    acknowledged = [f"$JS.ACK.{of}{queue}.{service}.>" for of in ("", "*.*.")]
    return _serving(service, nkey, [*said, *acknowledged])


def _indicators(county: str, nkey: str) -> dict[str, object]:
    """Follows what is recorded, looks up answers, and says what changed. Whoever holds this key may command the service."""
    calls = [f"STREAM.INFO.{subjects.recorded_stream(county, service)}" for service in SERVICES]
    calls.append(f"STREAM.MSG.GET.{subjects.answered_stream(county)}")
    said = [subjects.changed(county), _COMMANDS, *(_STREAMS + call for call in calls), *_following(county, SERVICES)]
    return _serving("indicators", nkey, said)


def _following(county: str, services: Sequence[Service]) -> list[str]:
    """What it takes to read the records of services as they come: a consumer that the broker names and forgets."""
    streams = [subjects.recorded_stream(county, service) for service in services]
    return [subject for stream in streams for subject in (f"{_STREAMS}CONSUMER.CREATE.{stream}", f"{_STREAMS}CONSUMER.MSG.NEXT.{stream}.*")]


def _serving(service: str, nkey: str, said: list[str]) -> dict[str, object]:
    """A service answers whoever asked it: `allow_responses` lets it publish to that one inbox, once."""
    return _user(nkey, said, [*HEARD[service], f"{inbox_of(service)}.>"], allow_responses=True)


def _door(county: str, nkey: str) -> dict[str, object]:
    """Reports, has resident ids exchanged and asks the repair desks in every department's name, and hears the answers: nothing else, and no
    service's own key can do it. The door lets each department speak in its own name only; the answers themselves it reads as the
    indicators service.
    """
    said = [*_in_their_names(county), subjects.repair("*", "*", "*", "*", "*")]
    return _user(nkey, said, [f"answered.{county}.>", f"{inbox_of(DOOR)}.>"])


def _administrator(county: str, user: AdministratorUser) -> _Beside:
    """Asks, commands, looks into the streams and hears every answer.

    In the departments' names it reports, and has resident ids exchanged, only where the file says so.
    """
    for_all = _in_their_names(county) if user.reports_for_all else []
    said = [_QUERIES, _COMMANDS, _COMMANDS_OF_PERSONS, *_LOOKING, _repairs("administrator", *OPERATOR), *for_all]
    return _Beside(user.nkey, inbox_of(ADMINISTRATOR), said, _watching(county))


def _department(county: str, user: DepartmentUser) -> _Beside:
    said, heard = _said_and_heard(county, user)
    return _Beside(user.nkey, inbox_of(user.department, user.system), said, heard)


def _said_and_heard(county: str, user: DepartmentUser) -> tuple[list[str], list[str]]:
    """A department has nothing of the streams' interface: answers come by plain subscription, and a report is sent again until its answer
    comes.
    """
    place = f"{county}.{user.department}.{user.system}"
    types = user.may_report or [f"{service}.*" for service in SERVICES]
    publish, subscribe = [_QUERIES], []
    if "report" in (may := MAY[user.role]):
        publish += [*(f"reported.{place}.{type_}" for type_ in types), subjects.identify(user.department, user.system)]
        subscribe.append(f"answered.{place}.>")
    if "command" in may:
        publish.append(_COMMANDS)
    if "operate" in may:
        publish += [_COMMANDS_OF_PERSONS, *_LOOKING]
        subscribe += _watching(county)
    elif "command" in may:
        publish += _OF_PERSONS
    if "repair" in may:
        publish.append(_repairs(user.role, user.department, user.system))
    else:
        publish += [subjects.repair("*", call, user.role, user.department, user.system) for call in sorted(READING)]
    return publish, subscribe


def _in_their_names(county: str) -> list[str]:
    """What every department may say."""
    return [*(f"reported.{county}.*.*.{service}.*" for service in SERVICES), subjects.identify("*", "*")]


def _repairs(role: Role, department: str, system: str) -> str:
    """Everything that may be asked of the repair desks, under one name."""
    return subjects.repair("*", "*", role, department, system)


def _watching(county: str) -> list[str]:
    """What whoever operates the system hears."""
    return [f"answered.{county}.>", f"changed.indicators.{county}"]


def _limits(connections_max: int, subscriptions_max: int) -> dict[str, object]:
    return {"max_connections": connections_max, "max_subscriptions": subscriptions_max}


def _user(nkey: str, publish: list[str], subscribe: list[str], *, allow_responses: bool = False) -> dict[str, object]:
    permissions: dict[str, object] = {"publish": {"allow": publish}, "subscribe": {"allow": subscribe}}
    if allow_responses:
        permissions["allow_responses"] = True
    return {"nkey": nkey, "permissions": permissions}


def main(arguments: list[str]) -> int:
    """Write the block for the users of a TOML file to stdout."""
    if len(arguments) != 1:
        sys.stderr.write("用法 / usage: python -m deploy.nats.accounts users.toml\n")
        return 2
    try:
        sys.stdout.write(accounts_conf(read_users(Path(arguments[0])), today()))
    except BadUsers as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
