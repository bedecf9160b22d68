"""What an evidence bundle says of itself: the manifest, which is signed, and what every file of a bundle is called.

A bundle is a flat folder of exactly these files, so a manifest can name no other: no path leads out of it. The manifest's text is one and
the same for the same statements, with one file per line, and signed as it stands.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.indicators.audit.merkle import TreeHead
from shared.contracts.base import SERVICES, Service

FORMAT: Final = 1
"""Grows when a newer kaiye writes a bundle that this one would misunderstand."""

MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
PUBLIC_KEY: Final = "key.pub"
README: Final = "README.txt"
PLAN: Final = "plan.toml"
DEFINITIONS: Final = "definitions.json"
BOARDS: Final = "boards.jsonl"
DUTIES: Final = "duties.jsonl"
FACTS: Final[Mapping[Service, str]] = {service: f"facts-{service}.jsonl" for service in SERVICES}
LISTED: Final = (README, PUBLIC_KEY, PLAN, DEFINITIONS, *FACTS.values(), BOARDS, DUTIES)
"""The files that a manifest lists, in its order."""
ALL_FILES: Final = frozenset((*LISTED, MANIFEST, SIGNATURE))

_STRICT = ConfigDict(frozen=True, extra="forbid", strict=True)
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""32 bytes in lower-case hexadecimal."""


class BundleUnusable(Exception):
    """A bundle cannot be written, read or judged by this kaiye; the message says why, in Chinese and English."""


class Altered(Exception):
    """A bundle is not as it was signed. The message names the file, the line where it can be told, and what was expected there."""

    def __init__(self, file: str, zh: str, en: str, line: int | None = None) -> None:
        where_zh, where_en = (f" 第 {line} 行", f", line {line}") if line else ("", "")
        super().__init__(f"{file}{where_zh}：{zh} / {file}{where_en}: {en}")
        self.file, self.zh, self.en, self.line = file, zh, en, line


class ListedFile(BaseModel):
    """A file as it must be, byte for byte."""

    model_config = _STRICT
    sha256: Digest
    bytes: Annotated[int, Field(ge=0)]


class ChainHead(BaseModel):
    """Where a service's records end in the bundle: the last position, the SHA-256 of the record there, and the root of the Merkle tree
    (RFC 9162, SHA-256) whose leaves are the records' exact bytes in position order. Without any record the hash is 64 zeros.
    """

    model_config = _STRICT
    position: Annotated[int, Field(ge=0)]
    hash: Digest
    root: Digest

    @property
    def tree(self) -> TreeHead:
        """The tree's head: its size is the last position."""
        return TreeHead(self.position, bytes.fromhex(self.root))


class Manifest(BaseModel):
    """What a bundle holds. `signed_by` is the public key, raw, in hex; `final` says that no service can record more on the known day."""

    model_config = _STRICT
    format: Literal[1] = FORMAT
    kaiye: str
    county: Annotated[str, Field(pattern="^[0-9]{12}$")]
    as_of: date
    known_at: date
    final: bool
    signed_by: Digest
    heads: dict[Service, ChainHead]
    files: dict[str, ListedFile]

    @property
    def text(self) -> bytes:
        """The exact bytes that are signed: keys in the order of their declaration, a line for each head and each file."""
        lines = []
        for name, value in self.model_dump(mode="json").items():
            if isinstance(value, dict):
                inner = ",\n".join(f"  {json.dumps(key)}: {json.dumps(each)}" for key, each in value.items())
                lines.append(f' "{name}": {{\n{inner}\n }}')
            else:
                lines.append(f' "{name}": {json.dumps(value)}')
        return ("{\n" + ",\n".join(lines) + "\n}\n").encode()

    @classmethod
    def read(cls, text: bytes) -> Self:
        """A manifest from its text. Raises Altered for anything that kaiye would not have written so, BundleUnusable for what a newer one
        wrote.
        """
        said = _json(text)
        found = said.get("format")
        if isinstance(found, int) and not isinstance(found, bool) and found > FORMAT:
            raise BundleUnusable(
                f"{MANIFEST} 由更新版本的 kaiye 写入（格式 {found}，本版本最高 {FORMAT}）/ "
                f"{MANIFEST} was written by a newer kaiye (format {found}, this one knows up to {FORMAT})"
            )
        _check_names(said.get("files"))
        try:
            manifest = cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise Altered(MANIFEST, f"{where} 不合要求", f"{where} is not as it should be: {first['msg']}") from error
        if tuple(manifest.heads) != SERVICES:
            services = ", ".join(SERVICES)
            raise Altered(MANIFEST, f"heads 应依次为 {services}", f"heads must be those of {services}")
        if manifest.text != text:
            line = first_difference(manifest.text, text)
            raise Altered(MANIFEST, "写法与 kaiye 的不同", "is not written as kaiye writes it", line)
        return manifest


def first_difference(one: bytes, other: bytes) -> int:
    """The first line (from 1) in which two texts differ; 0 where they are the same."""
    ours, theirs = one.split(b"\n"), other.split(b"\n")
    for number, (here, there) in enumerate(zip(ours, theirs, strict=False), 1):
        if here != there:
            return number
    return 0 if len(ours) == len(theirs) else min(len(ours), len(theirs)) + 1


def _json(text: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise Altered(MANIFEST, f"{key} 出现两次", f"{key} stands twice")
            found[key] = value
        return found

    try:
        said = json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise Altered(MANIFEST, "不是完整的 JSON", f"is no JSON: {error}") from error
    if not isinstance(said, dict):
        raise Altered(MANIFEST, "应为 JSON 对象", "must hold a JSON object")
    return said


def _check_names(files: Any) -> None:
    if not isinstance(files, dict):
        return  # its shape is told with that of the rest
    for name in files:
        if name not in LISTED:
            raise Altered(MANIFEST, f"列有证据包不应有的文件 {name!r}", f"lists {name!r}, a file that no bundle has")
    for name in LISTED:
        if name not in files:
            raise Altered(MANIFEST, f"未列出 {name}", f"does not list {name}")
