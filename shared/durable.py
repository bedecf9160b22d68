"""Files that survive the loss of power: what these functions wrote is on the disk when they return, under its name, and whole."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Final

UNFINISHED: Final = ".*.part"
"""What files are called, hidden beside the file they are to become, until they are whole: whatever killed their writer left such a one."""
_AS_THE_UMASK_HAS_IT: Final = 0o666


def put(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """A file with this content, new or in the place of another, or nothing at all; several at once do no harm.

    `mode` says who may read and write it, whatever the umask. Raises OSError.
    """
    with put_once_written(path, mode=mode) as aside:
        aside.write_bytes(content)


@contextmanager
def put_once_written(path: Path, *, mode: int | None = None, in_place: bool = True) -> Iterator[Path]:
    """The same for content that somebody else writes: into a new, empty file, removed where the block fails. Raises OSError.

    `in_place` says whether it may take another file's place; where it may not and there is one, FileExistsError is raised.
    """
    aside = path.with_name(f".{path.name}.{token_hex(8)}.part")
    try:
        os.close(_created(aside, mode))
        yield aside
        sync(aside)
        if not in_place:
            os.close(_created(path, mode))  # the name is ours from here on
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    sync(path.parent)


def write_new(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """A file where there was none; half of it is left behind where writing fails. Raises FileExistsError, OSError.

    The folder may forget its name again until it is synced too.
    """
    with os.fdopen(_created(path, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Have the disk hold what a file holds now, or the names of what is in a folder. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems know no such thing as syncing a folder
            raise
    finally:
        os.close(descriptor)


def _created(path: Path, mode: int | None) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _AS_THE_UMASK_HAS_IT if mode is None else mode)
    if mode is not None:
        os.fchmod(descriptor, mode)
    return descriptor
