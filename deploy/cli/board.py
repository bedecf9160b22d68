"""Asking a running system over HTTP, and showing its board to people."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import date
from typing import Any

import httpx
import orjson
import typer
from rich.console import Console
from rich.table import Table

from deploy.cli.common import BadInput, Unreachable, refused
from deploy.cli.tables import board_table
from deploy.data_folder import Running

QUERY_SECONDS_MAX = 60.0
WIDTH_WITHOUT_TERMINAL = 10_000
"""A table that goes to a file or another program is as wide as what it holds."""

Parameters = Mapping[str, str | None]


async def ask(running: Running, path: str, parameters: Parameters | None = None, body: Mapping[str, Any] | None = None) -> bytes:
    """The answer exactly as the service gave it; a question with a `body` is posted. Raises BadInput when it has none, Unreachable when
    nobody answers.
    """
    async with asking(running, path, parameters, body) as answer:
        return await answer.aread()


async def ask_each(running: Running, questions: Iterable[tuple[str, Parameters]]) -> AsyncGenerator[bytes]:
    """The answers to many questions (path, parameters), one after the other and over one connection. Raises like `ask`."""
    async with _client(running) as http:
        for path, parameters in questions:
            async with _asking(http, path, parameters, None) as answer:
                yield await answer.aread()


@asynccontextmanager
async def asking(
    running: Running, path: str, parameters: Parameters | None = None, body: Mapping[str, Any] | None = None
) -> AsyncIterator[httpx.Response]:  # fmt: skip
    """An answer whose body is still to be read, for what is long. Raises BadInput and Unreachable, within the block too."""
    async with _client(running) as http, _asking(http, path, parameters or {}, body) as answer:
        yield answer


def _client(running: Running) -> httpx.AsyncClient:
    """The service is on this machine: a proxy named in the environment has no part in it."""
    return httpx.AsyncClient(base_url=running.http_url, headers=running.http_headers, timeout=QUERY_SECONDS_MAX, trust_env=False)


@asynccontextmanager
async def _asking(
    http: httpx.AsyncClient, path: str, parameters: Parameters, body: Mapping[str, Any] | None
) -> AsyncIterator[httpx.Response]:  # fmt: skip
    given = {name: value for name, value in parameters.items() if value is not None}
    http_url = str(http.base_url).rstrip("/")
    answering = False
    try:
        async with http.stream("GET" if body is None else "POST", path, params=given, json=body) as answer:
            if answer.is_error:
                raise _no_answer(http_url, answer.status_code, await answer.aread())
            answering = True
            yield answer
    except httpx.TransportError as error:
        if answering:
            raise Unreachable(f"{http_url} 的应答中途断开 / the answer of {http_url} broke off: {error!r}") from error
        raise Unreachable(f"无法连接 {http_url} / {http_url} cannot be reached: {error!r}") from error


def _no_answer(http_url: str, status: int, body: bytes) -> BadInput | Unreachable:
    try:
        problem = orjson.loads(body)
        code, zh, en = problem["code"], problem["zh"], problem["en"]
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return Unreachable(f"{http_url} 应答异常 / answered with {status}: {body[:200].decode(errors='replace')}")
    return refused(code, zh, en) if status < 500 else Unreachable(f"{zh} / {en}")


async def fetch_board(
    running: Running, *, unit: str | None = None, as_of: str | date | None = None, known_at: str | date | None = None,
    indicator: str | None = None,
) -> bytes:  # fmt: skip
    """The board of a unit (or the rows of one indicator) as JSON, exactly as the service gave it. Raises BadInput, Unreachable."""
    path = "/board" if indicator is None else f"/indicators/{indicator}"
    return await ask(running, path, {"unit": unit, "as_of": _text(as_of), "known_at": _text(known_at)})


async def fetch_boards(running: Running, units: Sequence[str], as_of: date, known_at: date) -> AsyncGenerator[tuple[str, bytes]]:
    """Each unit with its board, as `fetch_board` has it, one after the other and over one connection. Raises like it."""
    questions = [("/board", {"unit": unit, "as_of": _text(as_of), "known_at": _text(known_at)}) for unit in units]
    async with aclosing(ask_each(running, questions)) as boards:
        for unit in units:
            yield unit, await anext(boards)


async def show_board(running: Running, board: bytes, *, json: bool) -> None:
    """Print a board to stdout: its exact JSON, or a table with the names that the service gives. Raises BadInput, Unreachable."""
    if json:
        typer.echo(board)
        return
    found: dict[str, Any] = orjson.loads(board)
    of = {name: found[name] for name in ("unit", "as_of", "known_at")}
    catalogue, units = (orjson.loads(table) for table in await asyncio.gather(ask(running, "/indicators"), ask(running, "/units", of)))
    names = {each["code"]: each["name"] for each in units["units"]}
    show(lambda width: board_table(found, catalogue, names[found["unit"]], width=width, units=names))


async def print_board(running: Running, *, as_of: date | None = None, known_at: date | None = None, json: bool) -> None:
    """Print the county's board to stdout. Raises Unreachable, and BadInput when the question has no answer."""
    board = await fetch_board(running, as_of=as_of, known_at=known_at)
    await show_board(running, board, json=json)


def show(make: Callable[[int | None], Table]) -> None:
    """Print a table to stdout: made for the terminal's width, or, where there is none, with all columns and no blanks at line ends."""
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(make(console.width))
        return
    wide = Console(highlight=False, width=WIDTH_WITHOUT_TERMINAL)
    with wide.capture() as printed:
        wide.print(make(None))
    typer.echo("\n".join(line.rstrip() for line in printed.get().splitlines()))


def show_lines(lines: Iterable[str]) -> None:
    """Print text: broken between words where a terminal's line ends, and where there is no terminal each line as it is."""
    console = Console(highlight=False)
    for line in lines:
        if console.is_terminal:
            console.print(line, markup=False)
        else:
            typer.echo(line)


def _text(day: str | date | None) -> str | None:
    return day.isoformat() if isinstance(day, date) else day
