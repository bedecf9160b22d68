"""The shape of the project: what each part may know of the others, and that every package says what it is."""

import ast
from pathlib import Path

import pytest
from importlinter.api import read_configuration
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
CONFIGURATION = str(ROOT / "pyproject.toml")
PACKAGES = sorted({path.parent.relative_to(ROOT) for name in ("services", "shared", "deploy") for path in (ROOT / name).rglob("*.py")})
SERVICES = ("registry", "training", "finance", "indicators")
DOORS = frozenset(
    {f"{service}.{name}" for service in SERVICES for name in ("__init__", "__main__", "app")}
    | {f"indicators.{name}" for name in ("api", "live", "opening", "projector", "settings", "store")}
)
"""The only modules of the services that may do I/O. Whatever else is written is pure, and listed as such for the import linter."""


def test_import_rules_hold(tmp_path: Path) -> None:
    assert lint_imports(config_filename=CONFIGURATION, cache_dir=str(tmp_path)) == 0


@pytest.mark.parametrize("service", SERVICES)
def test_everything_in_a_service_but_its_doors_is_declared_pure(service: str) -> None:
    (pure,) = (contract for contract in read_configuration(CONFIGURATION)["contracts_options"] if contract["id"] == "pure")
    modules = {f"{service}.{path.stem}" for path in (ROOT / "services" / service).iterdir() if path.name != "__pycache__"}
    declared = {name.removeprefix("services.") for name in pure["source_modules"] if name.startswith(f"services.{service}.")}
    assert modules - DOORS == declared


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_every_package_says_what_it_is(package: Path) -> None:
    assert ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text()))
