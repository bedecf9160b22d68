"""Files that are there whole or not at all, however many commands write the same one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from deploy.cli.common import BadInput


@contextmanager
def whole_file(file: Path) -> Iterator[Path]:
    """A new, empty file of its own name beside `file`: once written and on disk it takes its place, and is removed when that fails.

    Raises BadInput when it cannot be written.
    """
    partial = file.with_name(f"{file.name}.{token_hex(8)}.part")
    try:
        partial.touch(exist_ok=False)
        try:
            yield partial
            with partial.open("rb") as written:
                os.fsync(written.fileno())
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(f"无法写入 {file} / {file} cannot be written: {error.strerror}") from error
