"""What is wrong in a file that people write by hand: the line, the clause, what is wrong and how to put it right."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

Path = tuple[str | int, ...]
"""Where in the file: ("targets", 3, "value") is the key `value` of the fourth `[[targets]]`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to put right, in Chinese and English. `line` counts from 1; None where the text was not at hand. `item` is the id of the
    item of a scoring sheet that it is about.
    """

    path: Path
    zh: str
    en: str
    fix_zh: str
    fix_en: str
    line: int | None = None
    clause: str | None = None
    item: str | None = None

    @property
    def text_zh(self) -> str:
        """In Chinese: 第 12 行（条款 二(二)）：… 改法：…"""
        about = [f"项目 {self.item}"] if self.item else []
        about += [f"条款 {self.clause}"] if self.clause else []
        where = f"第 {self.line} 行" if self.line else self.key
        within = f"（{'，'.join(about)}）" if about else ""
        return f"{where}{within}：{self.zh} 改法：{self.fix_zh}"

    @property
    def text_en(self) -> str:
        """In English: `line 12 (clause 二(二)): … Fix: …`."""
        about = [f"item {self.item}"] if self.item else []
        about += [f"clause {self.clause}"] if self.clause else []
        where = f"line {self.line}" if self.line else self.key
        within = f" ({', '.join(about)})" if about else ""
        return f"{where}{within}: {self.en} Fix: {self.fix_en}"

    @property
    def key(self) -> str:
        """The path as people write it: targets[4].value, counting from 1."""
        text = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return text.removeprefix(".")

    def __str__(self) -> str:
        return f"{self.text_zh}\n{self.text_en}"


class FileProblems(ValueError):
    """A file that cannot be used, with everything that is wrong in it."""

    def __init__(self, file: str, problems: Iterable[Problem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{file} {line}" for problem in self.problems for line in (problem.text_zh, problem.text_en)))


# What several checks have to say.


def unknown_name(path: Path, given: str, known: Iterable[str], zh: str, en: str) -> Problem:
    """A name that is none of those known; `zh` and `en` say what is not there."""
    among = list(known)
    near = get_close_matches(given, among, n=3, cutoff=0.5) or among
    key = path[-1]
    return Problem(path, zh, en, f"{key} 改为 {'、'.join(near)} 之一。", f"write one of {', '.join(near)} as the {key}.")


def twice(path: Path, name: str) -> Problem:
    """A name that must be unique is not."""
    return Problem(path, f"{name} 写了两次。", f"{name} stands twice.", "删去一个，或换一个名称。", "delete one, or give it another name.")


def unknown_department(path: Path, code: str, known: Iterable[str]) -> Problem:
    """A department code that the plan's own list does not have."""
    near = get_close_matches(code, sorted(known), n=1)
    return Problem(
        path, f"部门名录中没有 {code}。", f"there is no department {code}.",
        f"改为 {near[0]}，或在 [[departments]] 中补上。" if near else "在 [[departments]] 中补上。",
        f"write {near[0]}, or add it under [[departments]]." if near else "add it under [[departments]].",
    )  # fmt: skip


def outside(path: Path, day: date, window: str, first: date, last: date) -> Problem:
    """A day that does not lie in its window."""
    return Problem(
        path, f"{day} 不在时间窗口 {window} 内。", f"{day} lies outside the window {window}.",
        f"改为 {first} 至 {last} 之间的日期。", f"write a day from {first} to {last}.",
    )  # fmt: skip
