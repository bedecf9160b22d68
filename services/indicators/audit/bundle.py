"""An evidence bundle as a whole: its files are put together and signed, written, read, and checked down to the byte.

Checking begins at the signature and goes on only along what is proved by then: the signed manifest names every file's digest and every
service's last record; that record names the hash of the one before it, and so on. So whatever was changed is located: a file by its digest,
and in a file of facts the line, walking back from the signed end. Where the signature itself does not hold, a manifest that says exactly
what follows from the other files shows that it was the signature that was changed, and any other manifest itself.
"""

import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.indicators.audit.manifest import (
    ALL_FILES,
    BOARDS,
    DEFINITIONS,
    FACTS,
    LISTED,
    MANIFEST,
    PUBLIC_KEY,
    README,
    SIGNATURE,
    Altered,
    BundleUnusable,
    ChainHead,
    ListedFile,
    Manifest,
    first_difference,
)
from services.indicators.audit.merkle import Frontier, hash_leaf
from services.indicators.audit.records import lacking
from services.indicators.audit.signing import KeyUnusable, SignatureRejected, parse_public_key, public_key_pem, sign, verify
from shared.contracts.base import Service
from shared.contracts.envelope import NO_HASH, Source, parse_record
from shared.durable import sync, write_new

Files = Mapping[str, bytes]
"""A bundle: the content of each of its files."""
README_TEXT: Final = Path(__file__).with_name(README)


@dataclass(frozen=True, slots=True)
class Intact:
    """A bundle that is as it was signed."""

    manifest: Manifest
    files: Files
    facts: Mapping[Service, Sequence[bytes]]
    """The exact bytes of each service's records; the record at position n is the n-th."""


def put_together(content: Files, key: Ed25519PrivateKey) -> Files:
    """The whole bundle from its facts, plan, definitions and answers: with what explains it, the manifest, its signature and the key."""
    files = {**content, README: README_TEXT.read_bytes(), PUBLIC_KEY: public_key_pem(key.public_key())}
    text = describe(files).text
    return {**files, MANIFEST: text, SIGNATURE: sign(text, key)}


def describe(files: Files) -> Manifest:
    """The manifest that follows from all the other files. Raises KeyError, TypeError, ValueError, KeyUnusable where one is unreadable."""
    return Manifest.model_validate_json(orjson.dumps({
        **_said(files),
        "heads": {service: _head(lines_of(files[name])).model_dump() for service, name in FACTS.items()},
        "files": {name: _listed(files[name]).model_dump() for name in LISTED},
    }))  # fmt: skip


def _said(files: Files) -> dict[str, Any]:
    """What a manifest says beside heads and files. Raises KeyError, ValueError, TypeError or KeyUnusable where a file does not say it."""
    board = orjson.loads(files[BOARDS].partition(b"\n")[0])
    return {
        "kaiye": orjson.loads(files[DEFINITIONS])["kaiye"],
        **{name: board[name] for name in ("county", "as_of", "known_at", "final")},
        "signed_by": raw_key(parse_public_key(files[PUBLIC_KEY], PUBLIC_KEY)),
    }


def require_new(folder: Path) -> None:
    """Raises BundleUnusable where there is something already, or no folder to put it into."""
    if folder.exists() or folder.is_symlink():
        raise BundleUnusable(f"{folder} 已存在，请换一个名称 / {folder} exists already: choose another name")
    if not folder.parent.is_dir():
        raise BundleUnusable(f"没有文件夹 {folder.parent} / there is no folder {folder.parent}")


def write_bundle(folder: Path, files: Files) -> None:
    """Write a bundle as a new folder, which is whole or not there. Raises BundleUnusable, also where there is something already."""
    require_new(folder)
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        partial.mkdir()
        try:
            for name, content in files.items():
                write_new(partial / name, content)
            sync(partial)
            partial.rename(folder)
            sync(folder.parent)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise BundleUnusable(f"无法写入 {folder} / {folder} cannot be written: {error.strerror}") from error


def read_bundle(folder: Path) -> Files:
    """Every file of a bundle. Raises Altered for files that no bundle has, BundleUnusable for a folder that cannot be read."""
    files = {}
    try:
        paths = sorted(folder.iterdir())
        if {MANIFEST, SIGNATURE}.isdisjoint(path.name for path in paths):
            raise BundleUnusable(f"{folder} 不是证据包：其中没有 {MANIFEST} / {folder} is no evidence bundle: it holds no {MANIFEST}")
        for path in paths:
            if path.name not in ALL_FILES:
                raise Altered(
                    os.fsencode(path.name).decode(errors="backslashreplace"), "证据包中不应有这个文件", "a bundle has no such file"
                )
            files[path.name] = _read(path)
    except OSError as error:
        raise BundleUnusable(
            f"无法读取 {error.filename or folder} / {error.filename or folder} cannot be read: {error.strerror}"
        ) from error
    return files


def check_integrity(files: Files, pinned: Ed25519PublicKey | None = None) -> Intact:
    """Check that a bundle is as it was signed, with a key from elsewhere where one is given. Raises Altered, BundleUnusable."""
    for name in (MANIFEST, SIGNATURE, PUBLIC_KEY):
        _require(files, name)
        if not files[name]:
            raise Altered(name, "文件是空的", "the file is empty")
    _check_signature(files, pinned)
    manifest = Manifest.read(files[MANIFEST])
    for name in LISTED:
        _require(files, name)
    facts = {service: lines_of(files[name]) for service, name in FACTS.items()}
    for name, listed in manifest.files.items():
        if _listed(files[name]) != listed:
            raise _changed(name, files[name], manifest)
    for service, name in FACTS.items():
        _check_chain(name, facts[service], manifest, service)
    _check_said(files, manifest, pinned)
    return Intact(manifest, files, facts)


def _check_said(files: Files, manifest: Manifest, pinned: Ed25519PublicKey | None) -> None:
    """That a manifest says what the files do: whoever signed may have been mistaken."""
    try:
        follows = _said(files) | ({} if pinned is None else {"signed_by": raw_key(pinned)})
    except (KeyError, ValueError, TypeError, KeyUnusable) as error:
        raise Altered(f"{BOARDS} {DEFINITIONS}", "没有写明清单所列各项", f"do not say what the manifest does: {error!r}") from error
    says = manifest.model_dump(mode="json")
    for name, expected in follows.items():
        if says[name] != expected:
            ours, theirs = (orjson.dumps(value).decode() for value in (expected, says[name]))
            raise Altered(MANIFEST, f"{name} 是 {theirs}，应为 {ours}", f"{name} is {theirs}, {ours} was expected")


def _require(files: Files, name: str) -> None:
    if name not in files:
        raise Altered(name, "缺少这个文件", "the file is missing")


# ---- the signature


def _check_signature(files: Files, pinned: Ed25519PublicKey | None) -> None:
    text, signature = files[MANIFEST], files[SIGNATURE]
    try:
        enclosed = parse_public_key(files[PUBLIC_KEY], PUBLIC_KEY)
    except KeyUnusable as error:
        zh, _, en = str(error).partition(" / ")
        raise Altered(PUBLIC_KEY, zh, en) from error
    key = enclosed if pinned is None else pinned
    try:
        verify(text, signature, key)
    except SignatureRejected as error:
        raise _unsigned(files, enclosed, pinned, str(error)) from error


def _unsigned(files: Files, enclosed: Ed25519PublicKey, pinned: Ed25519PublicKey | None, why: str) -> Altered:
    """Which of the three files that belong together was changed."""
    text, signature = files[MANIFEST], files[SIGNATURE]
    own = own_key(text)
    if own is not None and verifies(text, signature, own):
        if pinned is None:
            return Altered(
                PUBLIC_KEY,
                f"不是签名所用的公钥，应为 {raw_key(own)}",
                f"is not the key the manifest was signed with, {raw_key(own)} was expected",
            )
        return Altered(
            SIGNATURE, f"由另一把密钥签名：{raw_key(own)}，指定的公钥是 {raw_key(pinned)}",
            f"was signed with another key, {raw_key(own)}, than the one given, {raw_key(pinned)}",
        )  # fmt: skip
    zh, _, en = why.partition(" / ")
    try:
        follows = describe({**files, PUBLIC_KEY: public_key_pem(enclosed)}).text
    except (KeyError, TypeError, ValueError, KeyUnusable):
        return Altered(MANIFEST, zh, en)
    if follows == text:
        return Altered(SIGNATURE, zh, en)
    line = first_difference(follows, text)
    expected = follows.split(b"\n")[line - 1].strip().decode() if line <= follows.count(b"\n") else ""
    return Altered(MANIFEST, f"{zh}；按其余文件应为 {expected}", f"{en}; after the other files it should read {expected}", line)


def own_key(text: bytes) -> Ed25519PublicKey | None:
    """The key that a manifest says it was signed with, if it can be read."""
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(Manifest.read(text).signed_by))
    except (Altered, BundleUnusable, ValueError):
        return None


def verifies(text: bytes, signature: bytes, key: Ed25519PublicKey) -> bool:
    """Whether the owner of the key signed exactly these bytes."""
    try:
        verify(text, signature, key)
    except SignatureRejected:
        return False
    return True


# ---- the files


def _changed(name: str, content: bytes, manifest: Manifest) -> Altered:
    """A file that is not what the manifest lists."""
    listed, found = manifest.files[name], _listed(content)
    for service, facts in FACTS.items():
        if name == facts:
            located = _locate(lines_of(content), service, manifest)
            if located is not None:
                return Altered(name, located.zh, located.en, located.line)
    return Altered(
        name, f"SHA-256 应为 {listed.sha256}（{listed.bytes} 字节），实为 {found.sha256}（{found.bytes} 字节）",
        f"SHA-256 {listed.sha256} ({listed.bytes} bytes) was expected, found {found.sha256} ({found.bytes} bytes)",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Break:
    """Where a service's records are not what they should be, from 1."""

    line: int
    zh: str
    en: str


def _locate(lines: Sequence[bytes], service: Service, manifest: Manifest) -> _Break | None:
    """Where records were changed, taken out, put in or moved."""
    head = manifest.heads[service]
    if len(lines) != head.position:
        broken = _broken(lines, service, manifest.county)
        if broken is not None:
            return broken
        line = min(len(lines), head.position) + 1
        return _Break(
            line, f"应有 {head.position} 条记录，实有 {len(lines)} 条", f"{head.position} records were expected, found {len(lines)}"
        )
    expected = head.hash
    for line in range(len(lines), 0, -1):
        found = sha256(lines[line - 1]).hexdigest()
        if found != expected:
            says_zh, says_en = _says(lines[line - 1])
            return _Break(
                line,
                f"记录的 SHA-256 应为 {expected}，实为 {found}{says_zh}",
                f"a record with SHA-256 {expected} was expected, found {found}{says_en}",
            )
        expected = parse_record(lines[line - 1]).prevhash
    return None


def _says(raw: bytes) -> tuple[str, str]:
    try:
        position = parse_record(raw).position
    except ValueError:
        return "，且无法读作记录", ", which is no record"
    return f"（自称第 {position} 条）", f", which says it is position {position}"


def _check_chain(name: str, lines: Sequence[bytes], manifest: Manifest, service: Service) -> None:
    """That a service's records are dense, chained, and end as the manifest says: whoever signed may have been mistaken."""
    broken = _broken(lines, service, manifest.county)
    if broken is not None:
        raise Altered(name, broken.zh, broken.en, broken.line)
    found, head = _head(lines), manifest.heads[service]
    for what, zh in (("position", "末条位置"), ("hash", "末条的 SHA-256"), ("root", "默克尔树根")):
        ours, theirs = getattr(found, what), getattr(head, what)
        if ours != theirs:
            raise Altered(
                name, f"{zh}是 {ours}，{MANIFEST} 写的是 {theirs}",
                f"the head's {what} that follows from the records is {ours}, {MANIFEST} says {theirs}",
            )  # fmt: skip


def _broken(lines: Sequence[bytes], service: Service, county: str) -> _Break | None:
    """The first line that does not follow those before it, or is the same report once more."""
    hash = NO_HASH
    told: dict[tuple[str, str], int] = {}
    for line, raw in enumerate(lines, 1):
        try:
            record = parse_record(raw)
            source = Source.parse(record.source)
        except (TypeError, ValueError):
            zh, en = lacking(raw)
            return _Break(line, f"不是已记录的事实：{zh}", f"is no record: {en}")
        if (record.service, record.position) != (service, line):
            return _Break(
                line, f"应为 {service} 的第 {line} 条，实为 {record.service} 的第 {record.position} 条",
                f"{service}'s position {line} was expected, found {record.service}'s position {record.position}",
            )  # fmt: skip
        if source.county != county:
            return _Break(line, f"属于 {source.county}，证据包是 {county} 的", f"is of county {source.county}, the bundle of {county}")
        if record.prevhash != hash:
            return _Break(
                line, f"前一条的 SHA-256 是 {hash}，本条写的是 {record.prevhash}：两条之一被改动",
                f"names {record.prevhash} as the SHA-256 of the record before it, which is {hash}: one of the two was changed",
            )  # fmt: skip
        first = told.setdefault((record.source, record.id), line)
        if first != line:
            return _Break(
                line, f"与第 {first} 条同为 {record.source} {record.id}，同一来源的编号只记录一次，两条之一是伪造的",
                f"is {record.source} {record.id} again, as position {first} is: an id of a source is recorded once, "
                "so that one of the two is forged",
            )  # fmt: skip
        hash = sha256(raw).hexdigest()
    return None


def lines_of(content: bytes) -> list[bytes]:
    """The lines of a file; what follows the last end of line is one too, if there is anything."""
    lines = content.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def _head(lines: Sequence[bytes]) -> ChainHead:
    tree = Frontier()
    for line in lines:
        tree.append(hash_leaf(line))
    return ChainHead(position=len(lines), hash=sha256(lines[-1]).hexdigest() if lines else NO_HASH, root=tree.root().hex())


def _listed(content: bytes) -> ListedFile:
    return ListedFile(sha256=sha256(content).hexdigest(), bytes=len(content))


def raw_key(key: Ed25519PublicKey) -> str:
    """A public key's 32 bytes in hex."""
    return key.public_bytes_raw().hex()


def _read(path: Path) -> bytes:
    """A file that lies in the folder itself."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        if path.is_symlink():
            raise Altered(path.name, "是符号链接，应为文件", "is a symbolic link, not a file") from None
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Altered(path.name, "不是普通文件", "is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)
