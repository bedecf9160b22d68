"""Up to where the services had come when their records were exported, as a file: `{"registry": {"position": 7, "hash": "…"}, …}`."""

from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from deploy.cli.common import BadInput

if TYPE_CHECKING:
    from services.indicators.audit.records import End


def heads_of(export: Path) -> "dict[str, End]":
    """The last position of each service in a file of records, and the hash of the record there."""
    from services.indicators.audit.records import End
    from shared.contracts.base import SERVICES
    from shared.contracts.envelope import NO_HASH, parse_record

    found: dict[str, End] = dict.fromkeys(SERVICES, End(0, NO_HASH))
    with export.open("rb") as lines:
        for line in lines:
            record = parse_record(line.removesuffix(b"\n"))
            found[record.service] = End(record.position, record.hash)
    return found


def write_heads(file: Path, heads: "dict[str, End]") -> None:
    """Raises OSError."""
    file.write_bytes(orjson.dumps(heads, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def read_heads(file: Path) -> "dict[str, End]":
    """What `write_heads` wrote. Raises BadInput."""
    from pydantic import TypeAdapter, ValidationError

    from services.indicators.audit.archive.index import Head
    from services.indicators.audit.records import End
    from shared.contracts.base import Service

    try:
        heads = TypeAdapter(dict[Service, Head]).validate_json(file.read_bytes())
    except (ValidationError, OSError) as error:
        raise BadInput(f"{file} 不是 kaiye facts --heads 写的文件 / {file} is not what kaiye facts --heads wrote") from error
    return {service: End(head.position, head.hash) for service, head in heads.items()}
