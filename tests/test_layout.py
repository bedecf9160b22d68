"""The shape of the project: what each part may know of the others, and that every package says what it is."""

import ast
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
PACKAGES = sorted({path.parent.relative_to(ROOT) for name in ("services", "shared", "deploy") for path in (ROOT / name).rglob("*.py")})


def test_import_rules_hold(tmp_path: Path) -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=str(tmp_path)) == 0


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_every_package_says_what_it_is(package: Path) -> None:
    assert ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text()))
