"""The shape of the project: what each part may know of the others, and that every package says what it is."""

import ast
from collections.abc import Iterator
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
    | {"registry.persons", "registry.settings"}
    | {f"indicators.{name}" for name in ("api", "archiving", "live", "opening", "projector", "rebuild", "settings", "store")}
    | {
        f"indicators.audit.{name}"
        for name in (
            "__init__",
            "agreement",
            "counting",
            "duck",
            "evidence",
            "folded",
            "known",
            "published",
            "published_bulletins",
            "recompute",
            "records",
            "running",
        )
    }
    | {f"indicators.audit.archive.{name}" for name in ("__init__", "__main__", "chain", "reader", "writer")}
)
"""The only modules of the services that may do I/O. Whatever else is written is pure, and listed as such for the import linter."""
MIXED = frozenset({"indicators.audit", "indicators.audit.archive"})
"""The packages in which pure modules stand beside doors."""


def test_import_rules_hold(tmp_path: Path) -> None:
    assert lint_imports(config_filename=CONFIGURATION, cache_dir=str(tmp_path)) == 0


@pytest.mark.parametrize("service", SERVICES)
def test_everything_in_a_service_but_its_doors_is_declared_pure(service: str) -> None:
    (pure,) = (contract for contract in read_configuration(CONFIGURATION)["contracts_options"] if contract["id"] == "pure")
    declared = {name.removeprefix("services.") for name in pure["source_modules"] if name.startswith(f"services.{service}.")}
    assert set(_modules(service)) - DOORS == declared


def _modules(service: str) -> Iterator[str]:
    """The modules of a service, and those of its packages that are not pure as a whole."""
    for path in (ROOT / "services" / service).iterdir():
        name = f"{service.replace('/', '.')}.{path.stem}"
        if name in MIXED:
            yield from _modules(name.replace(".", "/"))
        elif path.name != "__pycache__" and path.suffix in {"", ".py"}:
            yield name


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_every_package_says_what_it_is(package: Path) -> None:
    assert ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text()))
