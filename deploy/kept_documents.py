"""Published documents as files, each under the SHA-256 of its bytes: what was published can be held against what is recorded of it."""

from hashlib import sha256
from pathlib import Path

from deploy.data_folder import BadFolder
from shared.durable import put


class KeptDocuments:
    """A folder of documents. What is kept is never changed; keeping the same again changes nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, content: bytes) -> str:
        """Keep a document, on disk before this returns: its digest. Raises BadFolder when it cannot be written."""
        digest = sha256(content).hexdigest()
        if self.read(digest) != content:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                put(self._folder / digest, content)
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
