"""The generated pages of settings and command line are fresh and complete."""

import re
from pathlib import Path

import pytest
import typer

from deploy.cli import make_app
from deploy.reference_pages import command_page, commands, exits_of, main, settings_page, stale_files, unit_of
from services.indicators.settings import IndicatorsSettings

COMMANDS = dict(commands(typer.main.get_command(make_app()), "kaiye"))


def test_the_committed_pages_are_fresh() -> None:
    """Stale: `python -m deploy.reference_pages`."""
    assert stale_files() == []


def test_writing_checks_clean_and_staleness_is_found(tmp_path: Path) -> None:
    folder = ["--folder", str(tmp_path)]
    assert main([*folder, "--check"]) == 1
    assert main(folder) == 0
    assert main([*folder, "--check"]) == 0
    (tmp_path / "settings.md").write_text("old")
    assert stale_files(tmp_path) == ["settings.md"]


def test_every_setting_has_a_meaning_in_both_languages_and_a_number_its_unit() -> None:
    page = settings_page()
    for name, field in IndicatorsSettings.model_fields.items():
        assert f"| `KAIYE_{name.upper()}` |" in page
        assert " / " in (field.description or ""), name
        if field.annotation in (int, float) and not name.endswith("_port"):
            assert unit_of(name), name


def test_secrets_are_marked_and_have_no_value_on_the_page() -> None:
    (line,) = (line for line in settings_page().splitlines() if line.startswith("| `KAIYE_DATABASE_URL`"))
    assert "（保密 / secret）" in line
    assert line.endswith("| 必填 / required |")


def test_every_command_and_option_has_words_in_both_languages() -> None:
    page = command_page()
    assert {"kaiye up", "kaiye board", "kaiye report", "kaiye roster import"} <= COMMANDS.keys()
    for name, command in COMMANDS.items():
        assert f"\n## `{name}`\n" in page
        assert " / " in command.help, name
        for parameter in command.params:
            if parameter.name != "help":
                assert re.search("[ ）]/ ", parameter.help or ""), f"{name} {parameter.name}"


def test_exit_codes_follow_from_what_a_command_does() -> None:
    assert {name: exits_of(COMMANDS[name]) for name in ("kaiye doctor", "kaiye report", "kaiye board", "kaiye simulate")} == {
        "kaiye doctor": (0, 1, 2, 3), "kaiye report": (0, 1, 2, 3), "kaiye board": (0, 2, 3), "kaiye simulate": (0, 2),
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", [
        "bulletin", "evaluate", "evidence export", "evidence prove", "reports dismiss", "roster rename", "roster merge", "roster dissolve",
        "roster move",
    ],
)  # fmt: skip
def test_what_may_end_with_a_difference_says_so(name: str) -> None:
    assert 1 in exits_of(COMMANDS[f"kaiye {name}"])
