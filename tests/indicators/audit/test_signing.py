"""Ed25519 against the vectors of RFC 8032 §7.1, and the key files that people will bring."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from services.indicators.audit.signing import (
    KeyUnusable,
    SignatureRejected,
    generate_key,
    read_private_key,
    read_public_key,
    sign,
    verify,
    write_private_key,
    write_public_key,
)

VECTORS = (
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
)
KEY = generate_key()
MANIFEST = b'{"county":"330127000000","tree_size":7}'
PRIVATE_PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PUBLIC_PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
OTHER_KIND = generate_private_key(SECP256R1())


def private_file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(("private", "public", "message", "signature"), VECTORS)
def test_signatures_are_those_of_the_published_vectors(private: str, public: str, message: str, signature: str) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private))
    assert sign(bytes.fromhex(message), key).hex() == signature
    verify(bytes.fromhex(message), bytes.fromhex(signature), Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)))


@settings(deadline=None)
@given(st.binary(min_size=1), st.data())
def test_a_changed_bit_of_content_or_signature_is_rejected(content: bytes, data: st.DataObject) -> None:
    signature, public = sign(content, KEY), KEY.public_key()
    verify(content, signature, public)
    changed = bytearray(content + signature)
    bit = data.draw(st.integers(0, len(changed) * 8 - 1))
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SignatureRejected, match="签名与内容或公钥不符 / the signature does not belong"):
        verify(bytes(changed[: len(content)]), bytes(changed[len(content) :]), public)


def test_another_key_does_not_verify() -> None:
    with pytest.raises(SignatureRejected):
        verify(MANIFEST, sign(MANIFEST, KEY), generate_key().public_key())


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(65)])
def test_a_signature_has_64_bytes(signature: bytes) -> None:
    with pytest.raises(SignatureRejected, match=f"64 bytes, not {len(signature)}"):
        verify(MANIFEST, signature, KEY.public_key())


def test_keys_come_back_from_their_files(tmp_path: Path) -> None:
    write_private_key(tmp_path / "key.pem", KEY)
    write_public_key(tmp_path / "public.pem", KEY.public_key())
    assert (tmp_path / "key.pem").read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert (tmp_path / "public.pem").read_bytes().startswith(b"-----BEGIN PUBLIC KEY-----\n")
    verify(MANIFEST, sign(MANIFEST, read_private_key(tmp_path / "key.pem")), read_public_key(tmp_path / "public.pem"))


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_only_its_owner_may_read_a_private_key(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_private_key(tmp_path / "key.pem", KEY)
        write_public_key(tmp_path / "public.pem", KEY.public_key())
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "public.pem").stat().st_mode) == 0o644


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    write_private_key(path, KEY)
    with pytest.raises(KeyUnusable, match=r"密钥不会被覆盖 / .* a key is never overwritten"):
        write_private_key(path, generate_key())
    with pytest.raises(KeyUnusable, match="a key is never overwritten"):
        write_public_key(path, KEY.public_key())
    assert path.read_bytes() == PRIVATE_PEM


def test_a_key_cannot_be_written_where_there_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match=r"无法写入密钥 .* cannot be written: No such file or directory"):
        write_private_key(tmp_path / "missing" / "key.pem", KEY)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_private_key_that_others_may_read_or_write_is_not_used(tmp_path: Path, mode: int) -> None:
    path = private_file(tmp_path / "key.pem", PRIVATE_PEM)
    path.chmod(mode)
    with pytest.raises(KeyUnusable, match=rf"请执行 chmod 600 .*\(mode {mode:04o}\): chmod 600 "):
        read_private_key(path)
    path.chmod(0o400)
    assert sign(MANIFEST, read_private_key(path)) == sign(MANIFEST, KEY)


@pytest.mark.parametrize("read", [read_private_key, read_public_key])
def test_a_key_that_cannot_be_read_says_so(tmp_path: Path, read: Callable[[Path], object]) -> None:
    with pytest.raises(KeyUnusable, match=r"无法读取密钥 .* cannot be read: No such file or directory"):
        read(tmp_path / "key.pem")
    with pytest.raises(KeyUnusable, match=r"cannot be read: Is a directory"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "不是 PEM 格式的私钥 / .* is no private key in PEM format"),
        (b"\xff\x00 no key", "is no private key in PEM format"),
        (PUBLIC_PEM, "is no private key in PEM format"),
        (PRIVATE_PEM[:-40], "is no private key in PEM format"),
        (KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")), "有口令保护.* is encrypted"),
        (OTHER_KIND.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "是别种私钥.* of another kind: Ed25519 is needed"),
    ],
    ids=["empty", "bytes", "public", "cut off", "encrypted", "other kind"],
)
def test_what_is_no_private_key_says_what_it_is(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(KeyUnusable, match=message):
        read_private_key(private_file(tmp_path / "key.pem", content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "不是 PEM 格式的公钥 / .* is no public key in PEM format"),
        (PRIVATE_PEM, "is no public key in PEM format"),
        (PUBLIC_PEM[:-40], "is no public key in PEM format"),
        (OTHER_KIND.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "是别种公钥.* of another kind: Ed25519"),
    ],
    ids=["empty", "private", "cut off", "other kind"],
)
def test_what_is_no_public_key_says_what_it_is(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "public.pem").write_bytes(content)
    with pytest.raises(KeyUnusable, match=message):
        read_public_key(tmp_path / "public.pem")
