"""Signatures over a manifest's exact bytes: Ed25519 (RFC 8032), keys as PEM files that other tools read too (RFC 8410).

The signature is over the bytes themselves and nothing else, so that anybody can check it without this code.
"""

import os
import stat
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from shared.durable import sync, write_new

SIGNATURE_BYTES: Final = 64
_PRIVATE_MODE: Final = 0o600
_PUBLIC_MODE: Final = 0o644
_KEY_FILE_BYTES_MAX: Final = 64 * 1024


class KeyUnusable(Exception):
    """A key file cannot be read or written; the message says why and what to do, in Chinese and English."""


class SignatureRejected(Exception):
    """The signature is not that of this key over these bytes."""


def generate_key() -> Ed25519PrivateKey:
    """A new private key; its `public_key()` is what verifies."""
    return Ed25519PrivateKey.generate()


def sign(content: bytes, key: Ed25519PrivateKey) -> bytes:
    """The signature over exactly these bytes: 64 bytes, the same each time."""
    return key.sign(content)


def verify(content: bytes, signature: bytes, key: Ed25519PublicKey) -> None:
    """Check that the owner of the key signed exactly these bytes. Raises SignatureRejected if not."""
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureRejected(
            f"签名应为 {SIGNATURE_BYTES} 字节，实为 {len(signature)} 字节 / a signature has {SIGNATURE_BYTES} bytes, not {len(signature)}"
        )
    try:
        key.verify(signature, content)
    except InvalidSignature as error:
        raise SignatureRejected("签名与内容或公钥不符 / the signature does not belong to this content and public key") from error


def write_private_key(path: Path, key: Ed25519PrivateKey) -> None:
    """Write a private key as PKCS #8 into a new file that only its owner may read. Raises KeyUnusable, also where a file is already."""
    _write_new(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), _PRIVATE_MODE)


def write_public_key(path: Path, key: Ed25519PublicKey) -> None:
    """Write a public key into a new file that everybody may read. Raises KeyUnusable, also where a file is already."""
    _write_new(path, public_key_pem(key), _PUBLIC_MODE)


def public_key_pem(key: Ed25519PublicKey) -> bytes:
    """A public key as its file has it."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Raises KeyUnusable for a file that is none, that others may read too, or whose key is encrypted or of another kind."""
    pem = _read(path, owner_only=True)
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise KeyUnusable(
            f"私钥 {path} 有口令保护，请改用无口令的私钥 / the private key {path} is encrypted: use one without password"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(f"{path} 不是 PEM 格式的私钥 / {path} is no private key in PEM format") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"{path} 是别种私钥，需要 Ed25519 / {path} is a private key of another kind: Ed25519 is needed")
    return key


def read_public_key(path: Path) -> Ed25519PublicKey:
    """Raises KeyUnusable for a file that is none, or whose key is of another kind."""
    return parse_public_key(_read(path, owner_only=False), str(path))


def parse_public_key(pem: bytes, name: str) -> Ed25519PublicKey:
    """A public key from what the file of this name holds. Raises KeyUnusable where it is none, or of another kind."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(f"{name} 不是 PEM 格式的公钥 / {name} is no public key in PEM format") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyUnusable(f"{name} 是别种公钥，需要 Ed25519 / {name} is a public key of another kind: Ed25519 is needed")
    return key


def _write_new(path: Path, pem: bytes, mode: int) -> None:
    """Never over an older key: what was signed with it could no longer be signed again, or verified."""
    try:
        write_new(path, pem, mode=mode)
        sync(path.parent)
    except FileExistsError as error:
        raise KeyUnusable(f"{path} 已存在，密钥不会被覆盖 / {path} exists already: a key is never overwritten") from error
    except OSError as error:
        raise KeyUnusable(f"无法写入密钥 {path} / the key {path} cannot be written: {error.strerror}") from error


def _read(path: Path, *, owner_only: bool) -> bytes:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            pem = file.read(_KEY_FILE_BYTES_MAX)
    except OSError as error:
        raise KeyUnusable(f"无法读取密钥 {path} / the key {path} cannot be read: {error.strerror}") from error
    if owner_only and mode & 0o077:
        raise KeyUnusable(
            f"私钥 {path} 的权限是 {mode:04o}，他人可读写，请执行 chmod 600 {path} / "
            f"others may read or write the private key {path} (mode {mode:04o}): chmod 600 {path}"
        )
    return pem
