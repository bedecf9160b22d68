"""Who may say and hear what on the bus: an account per county for its services, one beside it for each system of a department, and in
each of them users known by their NKeys.

A department publishes only under its own `reported.<county>.<department>.<system>.`, and there only what has the form
`<service>.<event>`: this is what makes the subject proof of identity.
Replies go to an inbox prefix of each user's own, because with the default `_INBOX.>` everybody could read everybody's replies.

Why accounts of their own: a broker looks at the subject of a message, and not at the one it is to be replied to. In one account with the
services, a department could name `recorded.<county>.…` there, or another department's subject, and the service it asks, or the stream it
reports to, would reply to it with all its own rights. A reply to somebody in another account comes out in that account and nowhere else.

    python -m deploy.nats.accounts users.toml > accounts.conf
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from shared import subjects
from shared.clock import today
from shared.contracts.base import SERVICES
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
_QUERIES, _COMMANDS = "query.indicators.*", "command.indicators.*"
_OF_PERSONS = tuple(subjects.registry_command(name) for name in ("person_acts", "export_roster"))
"""What the office, too, may have the registry do about persons."""
_SERVED = (_QUERIES, _COMMANDS, *_OF_PERSONS, subjects.identify("*", "*"), subjects.repair("*", "*", "*", "*", "*"))
"""What is asked of services from outside their account."""
_OPERATING = ("command.registry.*", "$JS.API.>")


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


def _accounts(
    county: str, users: CountyUsers, today: date, more: Sequence[Mapping[str, object]]
) -> Iterator[tuple[str, dict[str, object]]]:
    """The county's account, with whoever operates it, and one for each key of a department's system: while it changes it has two."""
    departments = [user for user in users.departments if user.valid_on(today)]
    inside = [_department(county, user) for user in departments if "operate" in MAY[user.role]]
    served = (*_SERVED, f"reported.{county}.>")
    yield account_of(county), {
        "jetstream": "enabled", "exports": [*({"service": subject} for subject in served), {"stream": f"answered.{county}.>"}],
        "users": [*_users(county, users), *inside, *more],
    }  # fmt: skip
    for user in departments:
        if "operate" not in MAY[user.role]:
            yield account_of(county, user.department, user.system, user.nkey), _beside(county, user)


def _beside(county: str, user: DepartmentUser) -> dict[str, object]:
    """An account of its own: all that it has in common with the county's is what its one user may say and hear."""
    published, heard = _said_and_heard(county, user)
    there = account_of(county)
    imports: list[dict[str, object]] = [{"service": {"account": there, "subject": subject}} for subject in published]
    return {
        "imports": imports + [{"stream": {"account": there, "subject": subject}} for subject in heard],
        "users": [_department(county, user)],
    }


def _users(county: str, users: CountyUsers) -> list[dict[str, object]]:
    services = [_service(county, service, getattr(users, service)) for service in (*SERVICES, "indicators")]
    door = [] if users.door is None else [_door(county, users.door)]
    administrators = [] if users.administrator is None else [_administrator(county, users.administrator)]
    return services + door + administrators


def _service(county: str, service: str, nkey: str) -> dict[str, object]:
    """Services share the streams' administration; what they may state as recorded is only their own."""
    indicators = [f"changed.indicators.{county}", "command.indicators.*"]  # whoever holds the service's own key may command it
    own = indicators if service == "indicators" else [f"recorded.{county}.{service}.>", f"answered.{county}.>"]
    heard = HEARD.get(service, ())
    # A service answers whoever asked it: `allow_responses` lets it publish to that one inbox, once.
    return _user(nkey, [*own, "$JS.API.>", "$JS.ACK.>"], [*heard, f"{inbox_of(service)}.>"], allow_responses=bool(heard))


def _door(county: str, nkey: str) -> dict[str, object]:
    """Reports, has resident ids exchanged and asks the repair desks in every department's name, and hears the answers: nothing else, and no
    service's own key can do it. The door lets each department speak in its own name only; the answers themselves it reads as the
    indicators service.
    """
    said = [*_in_their_names(county), subjects.repair("*", "*", "*", "*", "*")]
    return _user(nkey, said, [f"answered.{county}.>", f"{inbox_of(DOOR)}.>"])


def _administrator(county: str, user: AdministratorUser) -> dict[str, object]:
    """Asks, commands, looks into the streams and hears every answer.

    In the departments' names it reports, and has resident ids exchanged, only where the file says so.
    """
    for_all = _in_their_names(county) if user.reports_for_all else []
    own = [_QUERIES, _COMMANDS, *_OPERATING, _repairs("administrator", *OPERATOR)]
    return _user(user.nkey, [*own, *for_all], [*_watching(county), f"{inbox_of(ADMINISTRATOR)}.>"])


def _department(county: str, user: DepartmentUser) -> dict[str, object]:
    published, heard = _said_and_heard(county, user)
    return _user(user.nkey, published, [f"{inbox_of(user.department, user.system)}.>", *heard])


def _said_and_heard(county: str, user: DepartmentUser) -> tuple[list[str], list[str]]:
    """Nothing of the streams' interface: answers come by plain subscription, and a report is sent again until its answer comes."""
    place = f"{county}.{user.department}.{user.system}"
    types = user.may_report or [f"{service}.*" for service in SERVICES]
    publish, subscribe = [_QUERIES], []
    if "report" in (may := MAY[user.role]):
        publish += [*(f"reported.{place}.{type_}" for type_ in types), subjects.identify(user.department, user.system)]
        subscribe.append(f"answered.{place}.>")
    if "command" in may:
        publish += [_COMMANDS, *_OF_PERSONS]
    if "operate" in may:
        publish += _OPERATING
        subscribe += _watching(county)
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
