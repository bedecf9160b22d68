"""A new event type fails the type checker where its rule is missing: shown by adding one to a copy of the project."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEW_FACT = '''

class CowMilked(Fact):
    """A fact nobody rules on yet."""

    type = "training.cow_milked"
    about = "course"
    natural_key = ("course",)
    zh = "挤奶"
    example = {"course": "C"}

    course: CourseId


'''


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pure part of the project that the training service's rules stand on, to be changed at will."""
    copy = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "shared" / "contracts", copy / "shared" / "contracts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__init__", "days", "rules", "units"):
        shutil.copy(ROOT / "shared" / f"{name}.py", copy / "shared")
    rules = copy / "services" / "training"
    rules.mkdir(parents=True)
    for name in ("__init__", "course", "guidance", "internship", "rules", "survey"):
        shutil.copy(ROOT / "services" / "training" / f"{name}.py", rules)
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def type_check(project: Path, module: str) -> str:
    """What the type checker says about one module, with the project's own settings."""
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", "--cache-dir", ".cache", module],
        cwd=project,
        env={**os.environ, "MYPYPATH": str(project)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.returncode in (0, 1), result.stderr
    return result.stdout


def test_an_event_type_without_a_rule_fails_the_type_check(project: Path) -> None:
    rules = "services/training/rules.py"
    assert "Success" in type_check(project, rules)

    contract = project / "shared" / "contracts" / "training.py"
    before, union, after = contract.read_text().partition("TrainingFact = (\n")
    assert union
    contract.write_text(before.rstrip() + NEW_FACT + union + "    CowMilked |" + after)

    found = type_check(project, rules)
    assert found.count('expected "Never"') == 2, found  # in decide and in evolve
    assert "CowMilked" in found
