"""Files that are there whole or not at all, however many commands write the same one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.cli.common import BadInput
from shared.durable import put_once_written


@contextmanager
def whole_file(file: Path, *, mode: int | None = None) -> Iterator[Path]:
    """A new, empty file of its own name beside `file`: once written and on disk it takes its place, and is removed when that fails.

    Raises BadInput when it cannot be written.
    """
    try:
        with put_once_written(file, mode=mode) as partial:
            yield partial
    except OSError as error:
        raise BadInput(f"无法写入 {file} / {file} cannot be written: {error.strerror}") from error
