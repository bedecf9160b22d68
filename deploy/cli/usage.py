"""Commands and what is wrong with a command line, in Chinese and English: the parser's own sentences are English only.

It also counts a Chinese character as one column, and so cuts and breaks what it lists in the wrong places.
"""

import errno
import re
import select
import textwrap
from collections.abc import Callable
from typing import Any, Final

import typer
from typer.core import TyperGroup

_SENTENCES: Final = (
    (r"No such option: (\S+)", "没有选项 {}"),
    (r"No such command '(.+)'\.", "没有命令 {}"),
    (r"Missing (?:argument|option|parameter) '(.+?)'\.", "缺少 {}"),
    (r"Missing command\.", "缺少命令"),
    (r"Option '(.+)' requires an argument\.", "选项 {} 后缺少值"),
    (r"Option '(.+)' does not take a value\.", "选项 {} 不带值"),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.+)\)", "多余的参数 {}"),
    (r"Invalid value for '(.+?)': Input should be a valid integer.*", "{} 应为整数"),
    (r"Invalid value for '(.+?)': Input should be greater than or equal to (\S+)", "{} 不得小于 {}"),
    (r"Invalid value for '(.+?)': Input should be less than or equal to (\S+)", "{} 不得大于 {}"),
    (r"Invalid value for '(.+?)': \w+ '(.*)' does not exist\.", "{}：{} 不存在"),
    (r"Invalid value for '(.+?)': \w+ '(.*)' is a file\.", "{}：{} 是文件，应为文件夹"),
    (r"Invalid value for '(.+?)': \w+ '(.*)' is a directory\.", "{}：{} 是文件夹，应为文件"),
    (r"Invalid value for '(.+?)': ['\"](.*)['\"] is not one of '(.+)'\.", "{0} 应为 {2} 之一，而不是 {1}"),
    (r"Invalid value for '(.+?)': .*", "{} 的值无效"),
)


_STDOUT: Final = 1
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class NobodyReads(Exception):
    """Whoever read the output has seen enough."""


class PipeBroken(Exception):
    """Somebody else than who reads the output went away: a program that was spoken to, or who reads stderr."""


class NoSpace(Exception):
    """There is no room where the output, or a file, is written; the message says so, in Chinese and English."""


class Commands(TyperGroup):
    """A group whose help lists every command by the first sentence of its own, Chinese above English, and cuts neither."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named. Raises NoSpace, NobodyReads and PipeBroken: of a broken pipe Typer would make exit code 1, which
        means a difference.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise (NobodyReads if _nobody_reads() else PipeBroken) from error
        except OSError as error:
            if error.errno not in _FULL:
                raise
            raise NoSpace(f"空间已满，没有写完整 / no space is left, not all was written: {error}") from error

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list."""
        indent = max(map(len, self.commands)) + 2
        with formatter.section("Commands"):
            for name in self.list_commands(ctx):
                zh, _, en = " ".join((self.commands[name].help or "").split()).partition(" / ")
                formatter.write(f"  {name:<{indent}}{zh}\n")
                for line in textwrap.wrap(re.split(r"(?<=\.) ", en)[0], formatter.width - indent - 2):
                    formatter.write(f"{'':<{indent + 2}}{line}\n")


def _nobody_reads() -> bool:
    """Whether it is stdout that broke."""
    looking = select.poll()
    looking.register(_STDOUT, 0)  # these two are always told
    return any(happened & (select.POLLERR | select.POLLHUP) for _, happened in looking.poll(0))


def add_group(app: typer.Typer, name: str, help: str, callback: Callable[[], None]) -> typer.Typer:
    """A group of commands under a name; `callback` does nothing and says in its docstring what the group is for."""
    group = typer.Typer(name=name, cls=Commands, help=help, no_args_is_help=True, rich_markup_mode=None)
    group.callback()(callback)
    app.add_typer(group)
    return group


def usage_text(error: typer.TyperException) -> str:
    """The error in both languages, how the command is used, and where to read more; for a command without words just its help."""
    english = error.format_message().replace(": Value error, ", ": ", 1)
    context = getattr(error, "ctx", None)
    if context is not None and english == context.get_help():
        return english
    text = f"错误 / error: {chinese(english)} / {english}"
    if context is None:
        return text
    usage = context.get_usage().partition(" ")[2].strip()
    return f"{text}\n用法 / usage: {usage}\n帮助 / help: {context.command_path} --help"


def chinese(english: str) -> str:
    """The parser's sentence in Chinese."""
    for pattern, zh in _SENTENCES:
        if matched := re.match(pattern, english, re.DOTALL):
            return zh.format(*(words.replace("', '", "、") for words in matched.groups()))
    return "命令用法有误"
