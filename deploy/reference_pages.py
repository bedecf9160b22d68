"""The reference pages of settings, commands, flags, indicators, plan and scoring sheet: `python -m deploy.reference_pages [--check]`."""

import argparse
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

import typer
from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from deploy.cli import make_app
from deploy.cli.common import EXIT_BAD_INPUT, EXIT_BUG, EXIT_DIFFERENCE, EXIT_INTERRUPTED, EXIT_OK, EXIT_UNREACHABLE
from deploy.indicators_page import indicators_page
from deploy.plan_page import plan_page
from deploy.scoring_page import scoring_page
from services.indicators.flags.catalogue import FLAG_KINDS
from services.indicators.settings import IndicatorsSettings
from services.registry.settings import RegistrySettings
from shared.settings import Settings

FOLDER = Path(__file__).parent / "reference"
OWN_SETTINGS: Final[Mapping[str, type[Settings]]] = {"registry": RegistrySettings, "indicators": IndicatorsSettings}
UNITS: Final = {
    "nats_replicas": "份 / copies",
    "batch_size": "条 / reports",
    "identify_per_minute": "个 / ids",
    "identify_per_day": "个 / ids",
}
"""What a number counts, where its name does not end in a unit."""
UNIT_ENDINGS: Final = {"_seconds": "秒 / s", "_seconds_max": "秒 / s", "_port": ""}
EXITS: Final = {
    EXIT_OK: ("正常", "well"),
    EXIT_DIFFERENCE: ("做了比较或上报，有不符或退回", "something was compared or reported, and differs or was refused"),
    EXIT_BAD_INPUT: ("输入有误：命令、文件、文件夹、日期、单位", "bad input: the command, a file, a folder, a day, a unit"),
    EXIT_UNREACHABLE: (
        "系统没有运行、不应答或无法启动", "the system does not run, does not answer or cannot be started",
    ),
    EXIT_BUG: ("kaiye 自身的错误，附追踪信息", "a bug in kaiye itself, with its traceback"),
    EXIT_INTERRUPTED: ("未完成即被中断", "interrupted before it was done"),
}  # fmt: skip
_GENERATED: Final = "由代码生成，请勿手改 / Generated from the code: `python -m deploy.reference_pages`."


def settings_page() -> str:
    """Every setting: its variable, meaning, values, unit and default."""
    lines = [
        "# 设置 Settings", "", _GENERATED, "",
        "各服务从环境变量读取设置；`kaiye up` 和 `kaiye demo` 自行给出。保密的值不进日志。",
        "Services read their settings from the environment; `kaiye up` and `kaiye demo` give them. Secret values enter no log.", "",
        "| 变量 variable | 含义 meaning | 取值 values | 单位 unit | 缺省 default |", "|---|---|---|---|---|",
    ]  # fmt: skip
    own = [
        (service, name, field)
        for service, shape in OWN_SETTINGS.items() for name, field in shape.model_fields.items() if name not in Settings.model_fields
    ]  # fmt: skip
    for service, name, field in [*(("", *each) for each in Settings.model_fields.items()), *own]:
        meaning = _cell(field.description or "")
        if service:
            meaning += f"（仅 {service} / {service} only）"
        if not field.repr:
            meaning += "（保密 / secret）"
        lines.append(f"| `KAIYE_{name.upper()}` | {meaning} | {_values(field)} | {unit_of(name)} | {_default(field)} |")
    return "\n".join(lines) + "\n"


def unit_of(name: str) -> str:
    """What a setting's number counts; empty for what is no amount."""
    return UNITS.get(name) or next((unit for ending, unit in UNIT_ENDINGS.items() if name.endswith(ending)), "")


def _values(field: FieldInfo) -> str:
    kinds = [kind for kind in get_args(field.annotation) if kind is not type(None)] or [field.annotation]
    if get_origin(field.annotation) is Literal:
        return "、".join(f"`{value}`" for value in get_args(field.annotation))
    name = {int: "整数 / integer", float: "数 / number", bool: "`true`、`false`", Path: "路径 / path", str: "文本 / text"}[kinds[0]]
    bounds = []
    for limit in field.metadata:
        match limit:
            case Ge(ge):
                bounds.append(f"≥ {ge}")
            case Gt(gt):
                bounds.append(f"> {gt}")
            case Le(le):
                bounds.append(f"≤ {le}")
            case _:
                continue
    return " ".join((name, "，".join(bounds))).rstrip()


def _default(field: FieldInfo) -> str:
    match field.default:
        case value if value is PydanticUndefined:
            return "必填 / required"
        case None:
            return ""
        case bool(value):
            return f"`{str(value).lower()}`"
        case value:
            return f"`{value}`"


def command_page() -> str:
    """Every command with its arguments, options and exit codes."""
    lines = [
        "# 命令行 Command line", "", _GENERATED, "",
        "标准输出只有结果，日志与说明在标准错误；`--json` 输出 JSON，金额为分、比例为小数。",
        "stdout carries only the result, everything else goes to stderr; `--json` prints JSON, money in fen, ratios as fractions.", "",
        "## 退出码 Exit codes", "", "| | |", "|---|---|",
        *(f"| {code} | {zh} / {en} |" for code, (zh, en) in EXITS.items()),
    ]  # fmt: skip
    for name, command in commands(typer.main.get_command(make_app()), "kaiye"):
        lines += ["", f"## `{name}`", "", _cell(inspect.cleandoc(command.help or ""))]
        rows = [_parameter(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            lines += ["", "| | 含义 meaning | 缺省 default |", "|---|---|---|", *rows]
        lines += ["", f"退出码 / exits with {', '.join(map(str, exits_of(command)))}"]
    return "\n".join(lines) + "\n"


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its full name."""
    inner: Mapping[str, Any] | None = getattr(command, "commands", None)
    if inner is None or command.invoke_without_command:
        yield name, command
    for word, each in (inner or {}).items():
        yield from commands(each, f"{name} {word}")


def exits_of(command: Any) -> tuple[int, ...]:
    """How it may end: its help says whether with a difference; what works on a data folder may find nobody there."""
    asks = any(parameter.name == "data" for parameter in command.params)
    differs = "xits with 1" in (command.help or "")
    return (EXIT_OK, *((EXIT_DIFFERENCE,) if differs else ()), EXIT_BAD_INPUT, *((EXIT_UNREACHABLE,) if asks else ()))


def _parameter(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        words = parameter.metavar or parameter.name.upper()
    else:
        value = "" if parameter.is_flag else f" {parameter.metavar or 'N'}"
        words = "、".join(parameter.opts) + value
    if parameter.required:
        default = "必填 / required"
    elif parameter.default is None or parameter.default is False:
        default = ""
    else:
        default = f"`{parameter.default}`"
    return f"| `{words}` | {_cell(parameter.help or '')} | {default} |"


def flags_page() -> str:
    """Every kind of flag and the ruling on it."""
    lines = [
        "# 疑点 Flags", "", _GENERATED, "",
        "疑点指已记录的事实之间不相符之处。事实照常记录，不因疑点剔除：是否计入，只由各指标自己的口径决定。",
        "创建办以 `kaiye flags confirm`（属实，`registry.flag_confirmed`）、`kaiye flags dismiss`（排除，`registry.flag_dismissed`）认定，",
        "其他部门报送的认定一律退回；更正或作废有关事实后，疑点自行消失。",
        "A flag says what is odd about a recorded fact. The fact stays recorded: what counts is for each figure's own rule alone.",
        "The office, and nobody else, rules on a flag by `kaiye flags confirm` (`registry.flag_confirmed`) or `kaiye flags dismiss`",
        "(`registry.flag_dismissed`); once what is odd is corrected or voided, the flag is gone by itself, as known from that day on.", "",
        "疑点以其类别和所在事实命名：`kind:service:source:id`，永不改变。",
        "A flag is named after its kind and the fact it is raised on: `kind:service:source:id`, for good.", "",
        "| 类别 kind | 含义 meaning | 对指标的处理 in the figures |", "|---|---|---|",
        *(f"| `{kind.code}` | {kind.zh} / {kind.en} | {kind.ruling_zh} / {kind.ruling_en} |" for kind in FLAG_KINDS),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


@cache
def pages() -> Mapping[str, str]:
    """The file names and what must stand in them."""
    return {
        "settings.md": settings_page(),
        "command-line.md": command_page(),
        "flags.md": flags_page(),
        "indicators.md": indicators_page(),
        "plan-sentences.md": plan_page(),
        "scoring.md": scoring_page(_GENERATED),
    }


def stale_files(folder: Path = FOLDER) -> list[str]:
    """The files that are missing or differ."""
    return [
        name for name, text in pages().items() if not (folder / name).exists() or (folder / name).read_text(encoding="utf-8") != text
    ]  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or with `--check` say what is stale (exit 1)."""
    parser = argparse.ArgumentParser(prog="python -m deploy.reference_pages", description="write the reference pages / 生成参考页")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale / 只检查")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where / 目录")
    options = parser.parse_args(arguments)
    stale = stale_files(options.folder)
    for name in stale:
        sys.stderr.write(f"{'stale' if options.check else 'written'}: {options.folder / name}\n")
        if not options.check:
            (options.folder / name).write_text(pages()[name], encoding="utf-8")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
