"""The AsyncAPI 3 documents of the services, generated from the apps that run: `python -m deploy.asyncapi_reference [--check]`."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from services.finance.app import create_app as finance
from services.indicators.app import create_app as indicators
from services.indicators.settings import IndicatorsSettings
from services.registry.app import create_app as registry
from services.registry.settings import RegistrySettings
from services.training.app import create_app as training
from shared.service_app import ServiceApp
from shared.settings import Settings

FOLDER = Path(__file__).parent / "reference" / "asyncapi"
APPS: dict[str, Callable[[], ServiceApp]] = {
    "registry": lambda: registry(RegistrySettings(**_EVERYWHERE)),
    "training": lambda: training(Settings(**_EVERYWHERE)),
    "finance": lambda: finance(Settings(**_EVERYWHERE)),
    "indicators": lambda: indicators(IndicatorsSettings(county_folder=Path(), **_EVERYWHERE)),
}
EXAMPLE_COUNTY = "990101000000"
_EVERYWHERE: dict[str, Any] = {
    "county": EXAMPLE_COUNTY, "database_url": "postgresql://none", "nats_url": "nats://bus:4222", "http_port": 0,
}  # fmt: skip


@cache
def documents() -> Mapping[str, str]:
    """The file names and what must stand in them. Nothing is connected."""
    return {
        f"{name}.json": json.dumps(create_app().schema.to_specification().to_jsonable(), ensure_ascii=False, indent=1, sort_keys=True)
        + "\n"
        for name, create_app in APPS.items()
    }


def stale_files(folder: Path = FOLDER) -> list[str]:
    """The files that are missing, differ or belong to no service."""
    wanted = documents()
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the documents, or with `--check` say what is stale (exit 1)."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.asyncapi_reference", description="write the AsyncAPI documents / 生成消息接口文档"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale / 只检查")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where / 目录")
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    stale = stale_files(folder)
    for name in stale:
        sys.stderr.write(f"{'stale' if options.check else 'written'}: {folder / name}\n")
    if options.check:
        return 1 if stale else 0
    folder.mkdir(parents=True, exist_ok=True)
    wanted = documents()
    for name in stale:
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
