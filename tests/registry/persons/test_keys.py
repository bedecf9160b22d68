"""The file of keys: its owner's alone, replaced as a whole, and never told."""

from pathlib import Path

import pytest

from services.registry.persons.keys import NO_KEYS, KeyFile, KeysUnusable


def test_what_is_written_is_read_and_nobody_else_may(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "person.keys")
    assert file.read() == NO_KEYS
    keys = NO_KEYS.with_new(1).with_new(2)
    file.path.touch(mode=0o644)
    file.write(keys)
    assert file.read() == keys
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["person.keys"]


def test_keys_are_not_shown() -> None:
    keys = NO_KEYS.with_new(1)
    assert repr(keys) == "PersonKeys(versions=[1])"


def test_a_file_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "person.keys")
    file.write(NO_KEYS.with_new(1))
    file.path.chmod(0o604)
    with pytest.raises(KeysUnusable, match="chmod 600"):
        file.read()


@pytest.mark.parametrize("content", [b"", b"[]", b'{"format": 1, "keys": {"1": "00ff"}}', b'{"format": 2, "keys": {}}', b"\xff"])
def test_what_is_no_key_file_is_named_and_not_repeated(content: bytes, tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "person.keys")
    file.path.touch(mode=0o600)
    file.path.write_bytes(content)
    with pytest.raises(KeysUnusable, match="is no key file") as refused:
        file.read()
    assert "00ff" not in str(refused.value)
    assert refused.value.__cause__ is None
