"""A figure beside its limit, and the table of them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Literal

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure beside its limit (None: shown only), which it is to be at most, or at least."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    bound: Literal["most", "least"] = "most"

    @property
    def missed(self) -> bool:
        """Whether the limit was missed."""
        if self.limit is None:
            return False
        return self.value > self.limit if self.bound == "most" else self.value < self.limit


@dataclass(slots=True)
class Watch:
    """How long pieces of work took, in seconds, by their names."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def on(self, name: str) -> Iterator[None]:
        """Time a piece of work; of several of one name the quickest counts."""
        started = perf_counter()
        yield
        self.seconds[name] = min(self.seconds.get(name, float("inf")), perf_counter() - started)


def told(found: Iterable[Measured], console: Console) -> Iterator[Measured]:
    """The figures, each told as soon as it is found."""
    for each in found:
        console.print(f"{each.name}: {each.value:,.1f} {each.unit}")
        yield each


def table(found: Iterable[Measured]) -> Table:
    """Every figure, its limit and whether it holds."""
    shown = Table("what", "measured", "limit", "")
    for each in found:
        limit = "" if each.limit is None else f"{'≤' if each.bound == 'most' else '≥'} {each.limit:,.1f} {each.unit}"
        verdict = "" if each.limit is None else "missed" if each.missed else "held"
        shown.add_row(each.name, f"{each.value:,.1f} {each.unit}", limit, verdict)
    return shown
