"""Asking a running system for its board, and showing it to people."""

from datetime import date
from typing import Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from deploy.cli.common import BadInput, Unreachable
from deploy.data_folder import Running

QUERY_SECONDS_MAX = 60.0


async def print_board(running: Running, *, as_of: date, known_at: date, json: bool) -> None:
    """Print the county's board to stdout. Raises Unreachable, BadInput when the question has no answer."""
    asked = {"as_of": as_of.isoformat(), "known_at": known_at.isoformat()}
    try:
        async with httpx.AsyncClient(timeout=QUERY_SECONDS_MAX) as http:
            answer = await http.get(f"{running.http_url}/board", params=asked)
    except httpx.TransportError as error:
        raise Unreachable(f"无法连接 {running.http_url} / {running.http_url} cannot be reached: {error}") from error
    if answer.is_client_error:
        raise BadInput(answer.text)
    if answer.is_error:
        raise Unreachable(f"{running.http_url}: {answer.status_code} {answer.text}")
    if json:
        typer.echo(answer.text)
    else:
        Console().print(board_table(answer.json()))


def board_table(board: dict[str, Any]) -> Table:
    """The board for people: one line per row that has a target."""
    table = Table(title=f"{board['unit']} · 截至 as of {board['as_of']} · 已知 known at {board['known_at']}")
    for name in ("指标 indicator", "条款 clause", "数值 value", "目标 target", "应达 expected", "状态 status"):
        table.add_column(name, justify="right" if name[:2] in ("数值", "目标", "应达") else "left")
    for row in board["indicators"]:
        for target in row["targets"]:
            name = ".".join(part for part in (row["id"], row["variant"] if row["variant"] != "default" else None, row["part"]) if part)
            goal = f"{target['op']} {target['value'] or '–'}"
            table.add_row(name, target["clause"], row["value"] or "–", goal, target["expected"] or "–", target["status"])
    return table
