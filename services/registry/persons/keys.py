"""The keys under which resident ids are tagged: a file of their own, readable by its owner only, and never in the database or a log."""

import hashlib
import hmac
import json
import os
import secrets
from binascii import Error as BadHex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.durable import put

KEY_BYTES = 32
FORMAT = 1
_CHECKED = b"kaiye person key"


class KeysUnusable(Exception):
    """The keys are missing, unreadable, or not those that the links were made with. The message says what to do, never a key."""


@dataclass(frozen=True)
class PersonKeys:
    """Keys by version, the newest of which tags new links."""

    by_version: Mapping[int, bytes]

    def __repr__(self) -> str:
        return f"PersonKeys(versions={sorted(self.by_version)})"

    @property
    def newest(self) -> int:
        """The newest version. There must be one."""
        return max(self.by_version)

    def tag(self, version: int, resident_id: str) -> bytes:
        """What stands for a resident id (in its canonical form) under one key."""
        return hmac.digest(self.by_version[version], resident_id.encode(), hashlib.sha256)

    def fingerprint(self, version: int) -> bytes:
        """Tells whether a key is the right one, and nothing else about it."""
        return hmac.digest(self.by_version[version], _CHECKED, hashlib.sha256)

    def with_new(self, version: int) -> "PersonKeys":
        """These and a fresh key."""
        return PersonKeys({**self.by_version, version: secrets.token_bytes(KEY_BYTES)})

    def only(self, versions: Collection[int]) -> "PersonKeys":
        """Those of these versions."""
        return PersonKeys({version: key for version, key in self.by_version.items() if version in versions})


NO_KEYS = PersonKeys({})


class KeyFile:
    """The file of keys: a JSON object of versions and keys in hex, of mode 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> PersonKeys:
        """The keys it holds; none when there is no file. Raises KeysUnusable."""
        try:
            with self.path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & 0o007:
                    raise KeysUnusable(
                        f"密钥文件 {self.path} 可被他人读取，请执行 chmod 600 / "
                        f"others may read the key file {self.path}: chmod 600 it, and replace the key (kaiye person rotate-key)"
                    )
                said = json.loads(file.read())
            keys = {int(version): bytes.fromhex(key) for version, key in said["keys"].items()}
            if said["format"] != FORMAT or any(version < 1 or len(key) != KEY_BYTES for version, key in keys.items()):
                raise ValueError("not a key file")
        except FileNotFoundError:
            return NO_KEYS
        except OSError as error:
            raise KeysUnusable(f"无法读取密钥文件 {self.path} / the key file {self.path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError, BadHex):
            raise KeysUnusable(
                f"{self.path} 不是密钥文件，请从备份恢复 / {self.path} is no key file: restore it from its backup"
            ) from None  # the parser's own sentence may hold what it read
        return PersonKeys(keys)

    def write(self, keys: PersonKeys) -> None:
        """Replace the file at once, and only when the new one is on the disk. Raises KeysUnusable."""
        content = json.dumps({"format": FORMAT, "keys": {str(version): key.hex() for version, key in keys.by_version.items()}})
        try:
            put(self.path, content.encode(), mode=0o600)
        except OSError as error:
            raise KeysUnusable(f"无法写入密钥文件 {self.path} / the key file {self.path} cannot be written: {error.strerror}") from error
