"""What the README names exists, files, make targets and commands, and what it says is answered is."""

import re
import subprocess
from pathlib import Path

import pytest
import typer

from deploy.cli import make_app
from deploy.reference_pages import commands
from shared.resident_id import NotAResidentId, canonical

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = dict(commands(typer.main.get_command(make_app()), "kaiye"))


def test_every_linked_file_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) > 20
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_command_exists_with_its_options_and_none_is_left_out() -> None:
    rows = [row for row in README.splitlines() if row.startswith("| `kaiye ")]
    named = set()
    for usage in re.findall(r"`(kaiye [^`]+)`", "\n".join(row.split(" | ")[0] for row in rows)):
        name = next(name for name in sorted(COMMANDS, key=len, reverse=True) if usage.startswith(name))
        named.add(name)
        options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", usage)) <= options, usage
    assert named == COMMANDS.keys()


def test_the_resident_id_of_the_example_is_none_and_its_answer_is_told() -> None:
    (id,) = set(re.findall(r"\b[0-9]{17}[0-9X]\b", README))
    with pytest.raises(NotAResidentId) as refused:
        canonical(id)
    assert f"`{refused.value.reason.code}`, {refused.value.reason.zh}" in README


def test_every_make_target_exists() -> None:
    for target in set(re.findall(r"\bmake (run|test|check|bench|faults|lock)\b", README)):
        subprocess.run(("make", "--dry-run", target), cwd=ROOT, check=True, capture_output=True)
