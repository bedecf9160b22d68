"""The process of a service: settings, logs, event loop, exit code.

| exit code | the process ended |
|---|---|
| 0 | by a signal |
| 1 | by an error: a supervisor starts it anew |
| 2 | because it was given something it cannot use: settings, files, a database that is not migrated, records of a newer release |
| 3 | because bus or store are out of reach at the start, or its port is taken |
"""

import gc
import sys
from collections.abc import Callable
from typing import NoReturn, TypeVar

import uvloop
from pydantic import ValidationError

from shared.bus import BusUnreachable
from shared.http_server import PortTaken
from shared.logs import configure_logs
from shared.service_app import ServiceApp
from shared.settings import Settings

UNUSABLE, OUT_OF_REACH = 2, 3

Given = TypeVar("Given", bound=Settings)


class StoreUnreachable(Exception):
    """Nothing answers at the database's address; the message says so in Chinese and English."""


def run_service(shape: type[Given], create_app: Callable[[Given], ServiceApp], *, unusable: tuple[type[Exception], ...] = ()) -> NoReturn:
    """Run a service until a signal ends it. `unusable` are its own errors that mean exit code 2; their messages are for people."""
    try:
        settings = shape()
    except ValidationError as error:
        problems = "; ".join(
            f"KAIYE_{'.'.join(map(str, problem['loc'])).upper()}: {problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        )
        sys.stderr.write(f"设置有误 / the settings cannot be used: {problems}\n")
        sys.exit(UNUSABLE)
    _collect_rarely()
    configure_logs(settings.log_level, settings.log_format)
    try:
        uvloop.run(create_app(settings).run())
    except unusable as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(UNUSABLE)
    except (BusUnreachable, StoreUnreachable, PortTaken) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(OUT_OF_REACH)
    sys.exit(0)


def _collect_rarely() -> None:
    """Services hold hundreds of thousands of long-lived objects and hardly make cycles: looking through all of them often costs a third."""
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
