"""Published documents as files, each under the SHA-256 of its bytes: what was published can be held against what is recorded of it."""

import os
from hashlib import sha256
from pathlib import Path

from deploy.data_folder import BadFolder


class KeptDocuments:
    """A folder of documents. What is kept is never changed; keeping the same again changes nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, content: bytes) -> str:
        """Keep a document, on disk before this returns: its digest. Raises BadFolder when it cannot be written."""
        digest = sha256(content).hexdigest()
        if self.read(digest) != content:
            try:
                self._write(digest, content)
            except OSError as error:
                raise BadFolder(f"无法写入 {self._folder} / {self._folder} cannot be written: {error.strerror}") from error
        return digest

    def read(self, digest: str) -> bytes | None:
        """What is kept under a digest, whatever has become of it since; None where nothing is. Raises BadFolder when it cannot be read."""
        try:
            return (self._folder / digest).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BadFolder(f"无法读取 {self._folder} / {self._folder} cannot be read: {error.strerror}") from error

    def _write(self, digest: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f"{digest}.new"
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / digest)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
