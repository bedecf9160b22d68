"""The catalogue's program as it is kept beside the code, compiled ahead for DuckDB.

`python -m services.indicators.audit.relational.compiled` writes it. Compiling takes half a minute, running it does not. The file says what
it was compiled from; where that is not what there is now it is compiled anew, in memory, and `--check` says so.
"""

import argparse
import dataclasses
import sys
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import orjson

from services.indicators.audit.columns import ASKED, CONTESTED, ENVELOPE, defaults, payload
from services.indicators.audit.relational.catalogue import Catalogue, catalogue
from services.indicators.catalog import MEASURES
from services.indicators.relations import RELATIONS
from shared.contracts import FACTS

FILE = Path(__file__).with_name("duckdb.json")


def made_from() -> str:
    """What a program follows from: the second engine's own files, the measures, the contracts, and the compiler. Hex."""
    digest = sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.relative_to(Path(__file__).parent).as_posix().encode() + file.read_bytes())
    digest.update(repr(sorted(MEASURES.items())).encode())
    digest.update(repr(sorted((name, relation.shape) for name, relation in RELATIONS.items())).encode())
    digest.update(repr((ENVELOPE, CONTESTED, ASKED)).encode())
    for fact in FACTS:
        digest.update(repr((fact.type, fact.version, fact.natural_key, fact.repeat, payload(fact), defaults(fact))).encode())
        if fact.earlier:
            digest.update(repr([(each.steps, payload(each.shape)) for each in fact.earlier]).encode())
    digest.update(version("ibis-framework").encode() + version("sqlglot").encode())
    return digest.hexdigest()


@cache
def read_catalogue() -> Catalogue:
    """The program, from its file where that is fresh."""
    return _fresh() or catalogue()


def _fresh() -> Catalogue | None:
    """What the file holds, if it was compiled from what there is now."""
    kept = orjson.loads(FILE.read_bytes()) if FILE.exists() else {}
    return Catalogue(**kept["program"]) if kept.get("made_from") == made_from() else None


def main() -> int:
    """Write the file, or say whether it is fresh."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    if not parser.parse_args().check:
        kept = {"made_from": made_from(), "program": dataclasses.asdict(catalogue())}
        FILE.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2) + b"\n")
    elif _fresh() is None:
        sys.stderr.write(f"{FILE.name} is stale: python -m services.indicators.audit.relational.compiled\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
