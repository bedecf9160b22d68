"""The folder in which one machine keeps a whole county: what it is for life, who is using it now, and how to reach them.

| file | says |
|---|---|
| `folder.json` | for life: its format, its county, whether it is a demonstration and of what |
| `lock` | locked while a `kaiye up` or `kaiye demo` runs on it |
| `adopt.lock` | locked while a `kaiye doctor --adopt` takes back records |
| `ports.json` | where bus and HTTP door were reached last, and will be at the next start |
| `kaiye.json` | addresses and credentials of what runs; readable by the owner only |
| `departments.toml` | who speaks on the bus and over HTTP, by public keys and digests; `python -m deploy.nats.accounts` takes it |
| `departments.lock` | locked while that list is changed |
| `credentials/` | the seeds of the services' and the administrator's keys, and the administrator's token; readable by the owner only |
| `published/` | published documents and what they were computed from, each under the SHA-256 of its bytes |
| `evidence.key`, `evidence.pub` | what evidence bundles are signed with, once one was exported; the first is readable by the owner only |
| `person.keys` | what persons' pseudonyms are found with; readable by the owner only, to be backed up apart from the rest |
| `nats/`, `postgres/`, `logs/` | the servers' own files, and a log per part |
| `outboxes/` | what became of the lines of files that `kaiye report` is sending or was cut off in, each under the SHA-256 of the file |
| `archive/` | the recorded facts as Parquet, for `kaiye recompute` and whatever else reads it |
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.durable import put

FORMAT = 2
"""Grows when a newer kaiye writes something into a folder that this one would misunderstand."""
DEFAULT_FOLDER = Path("kaiye-data")


class BadFolder(Exception):
    """The folder cannot be used as asked; the message says why, in Chinese and English."""


class NothingRuns(Exception):
    """Nothing is running on the folder, so there is nobody to ask."""


class BeingAdopted(Exception):
    """Somebody else is taking back records from the folder's streams; the message says so, in Chinese and English."""


class Demonstration(BaseModel):
    """What a demonstration folder plays: the same for life, because its history is a function of these."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    seed: int
    facts: Annotated[int, Field(ge=0)]


class Purpose(BaseModel):
    """What a folder is, for life."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: int = FORMAT
    county: str
    """统计用区划代码, 12 digits."""
    county_folder: Path
    """Where the county's plan and roster were read last; moving them is allowed, changing county is not."""
    demonstration: Demonstration | None = None
    """Set for a folder whose history was played: only there does a report say what time it is."""


class Ports(BaseModel):
    """Where clients reach what runs on a folder: the same at every start, unless others are asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    nats: Annotated[int, Field(ge=1, le=65535)]
    http: Annotated[int, Field(ge=1, le=65535)]


class Running(BaseModel):
    """How to reach what runs on a folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    pid: int
    county: str
    county_folder: Path
    simulated_clock: bool
    nats_url: str = Field(repr=False)
    nats_seeds: dict[str, str] = Field(default={}, repr=False)
    """The seed of the NKey of each user of the bus that is ours, by its name; empty for a bus that knows no keys."""
    insecure: bool = False
    """Whether whoever brings no key is let in too."""
    databases: dict[str, str] = Field(repr=False)
    """A DSN per service."""
    http_url: str
    """Empty for what runs on another machine, of which only the bus is known."""
    http_token: str = Field(default="", repr=False)
    """What opens the HTTP door as its administrator; empty for one that asks for no token."""

    @property
    def http_headers(self) -> dict[str, str]:
        """What is sent along with each question over HTTP."""
        return {"Authorization": f"Bearer {self.http_token}"} if self.http_token else {}


class DataFolder:
    """One data folder. Reading what runs needs no lock; everything else happens inside `locked`."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    @property
    def nats(self) -> Path:
        """The broker's folder."""
        return self.path / "nats"

    @property
    def postgres(self) -> Path:
        """The database's folder."""
        return self.path / "postgres"

    @property
    def archive(self) -> Path:
        """The archive of recorded facts."""
        return self.path / "archive"

    @property
    def credentials(self) -> Path:
        """Where the seeds of our own keys are kept."""
        return self.path / "credentials"

    @property
    def departments(self) -> Path:
        """Who speaks on the bus."""
        return self.path / "departments.toml"

    @property
    def person_keys(self) -> Path:
        """The keys of persons' links."""
        return self.path / "person.keys"

    @property
    def published(self) -> Path:
        """Where published documents are kept."""
        return self.path / "published"

    def outbox(self, digest: str) -> Path:
        """The outbox of a file of reports that has this digest. Raises BadFolder when the folder cannot be written."""
        folder = self.path / "outboxes"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BadFolder(f"无法使用 {folder} / {folder} cannot be used: {error.strerror}") from error
        return folder / f"{digest}.sqlite"

    def log(self, name: str) -> Path:
        """The log file of one part."""
        return self.path / "logs" / f"{name}.log"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one at work in the folder (it is made if need be). Raises BadFolder when somebody else is."""
        busy = BadFolder(f"另一个 kaiye 正在使用 {self.path} / another kaiye is running on {self.path}")
        with self._alone("lock", busy):
            yield

    @contextmanager
    def listing(self) -> Iterator[None]:
        """Be the only one who changes the list of those who may speak. Raises BadFolder when somebody else does."""
        busy = BadFolder(f"{self.departments} 正被修改，请稍后再试 / {self.departments} is being changed: try again in a moment")
        with self._alone("departments.lock", busy):
            yield

    @contextmanager
    def adopting(self) -> Iterator[None]:
        """Be the only one who takes back records, beside what runs. Raises BeingAdopted when somebody else does."""
        busy = BeingAdopted(
            f"另一个 kaiye doctor --adopt 正在取回 {self.path} 的记录，请待其结束 / "
            f"another kaiye doctor --adopt is taking back records of {self.path}: wait until it has ended"
        )
        with self._alone("adopt.lock", busy):
            yield

    @contextmanager
    def _alone(self, lock: str, busy: Exception) -> Iterator[None]:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path / lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise BadFolder(f"无法使用数据文件夹 {self.path} / the data folder {self.path} cannot be used: {error.strerror}") from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise busy from error
            yield
        finally:
            os.close(descriptor)

    def purpose(self) -> Purpose | None:
        """What the folder is for life; None for a new one. Raises BadFolder when a newer kaiye wrote it, or nobody did."""
        file = self.path / "folder.json"
        try:
            said = json.loads(file.read_text())
        except FileNotFoundError:
            if self.nats.exists() or self.postgres.exists():
                raise BadFolder(
                    f"{self.path} 缺少 folder.json，不是数据文件夹 / {self.path} lacks folder.json: not a data folder"
                ) from None
            return None
        except ValueError as error:
            raise BadFolder(f"{file} 无法读取 / {file} cannot be read: {error}") from error
        found = said.get("format") if isinstance(said, dict) else None
        if isinstance(found, int) and found > FORMAT:
            raise BadFolder(
                f"{self.path} 由更新版本的 kaiye 写入（格式 {found}，本版本最高 {FORMAT}）/ "
                f"{self.path} was written by a newer kaiye (format {found}, this one knows up to {FORMAT})"
            )
        try:
            return Purpose.model_validate(said)
        except ValidationError as error:
            raise BadFolder(f"{file} 无法读取 / {file} cannot be read: {error}") from error

    def dedicate(self, wanted: Purpose) -> Purpose:
        """Give a new folder its purpose for life, or check that the wanted one fits what it is. Raises BadFolder when it does not."""
        self.require_fit(wanted)
        if self.purpose() != wanted:
            write_private(self.path / "folder.json", _text(wanted))
        return wanted

    def abandon(self) -> None:
        """Make a folder on which nothing ever came up as new as it was before `dedicate`; only the logs stay, because they say why."""
        for made in (self.nats, self.postgres, self.archive, self.credentials):
            shutil.rmtree(made, ignore_errors=True)
        for file in (self.departments, self.path / "departments.lock", self.person_keys, self.path / "folder.json"):
            file.unlink(missing_ok=True)

    def require_fit(self, wanted: Purpose) -> None:
        """Check that the wanted purpose fits what the folder is, if it is anything yet. Raises BadFolder when it does not."""
        known = self.purpose()
        if known is None:
            return
        if known.county != wanted.county:
            raise BadFolder(f"{self.path} 属于县 {known.county}，不是 {wanted.county} / {self.path} belongs to county {known.county}")
        if known.demonstration == wanted.demonstration:
            return
        if known.demonstration is None:
            raise BadFolder(
                f"{self.path} 是正式数据，不能用于演示 / {self.path} holds real data: choose another --data for a demonstration"
            )
        assert wanted.demonstration is not None, "whoever only carries on takes over what the folder is"
        raise BadFolder(
            f"{self.path} 的演示为 {_named(known.demonstration)}，请换 --data / "
            f"{self.path} demonstrates {_named(known.demonstration)}: choose another --data for {_named(wanted.demonstration)}"
        )

    def ports(self) -> Ports | None:
        """Where what ran last was reached; None before the first start. Raises BadFolder when it cannot be read."""
        file = self.path / "ports.json"
        try:
            return Ports.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise BadFolder(
                f"{file} 无法读取，可删去，则下次启动另选端口 / {file} cannot be read: {error}; without it others are chosen"
            ) from error

    def keep_ports(self, ports: Ports) -> None:
        """Be reached there at later starts too."""
        if self.ports() != ports:
            write_private(self.path / "ports.json", _text(ports))

    def say_running(self, running: Running) -> None:
        """Tell other commands how to reach what runs now."""
        write_private(self.path / "kaiye.json", _text(running))

    def running(self) -> Running:
        """How to reach what runs now. Raises NothingRuns when nothing does, BadFolder when it cannot be read."""
        file = self.path / "kaiye.json"
        nobody = NothingRuns(
            f"{self.path} 上没有运行中的 kaiye，启动请用 kaiye up --data {self.path} / "
            f"no kaiye runs on {self.path}: kaiye up --data {self.path} starts one"
        )
        try:
            running = Running.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            raise nobody from None
        except (OSError, ValidationError) as error:
            raise BadFolder(f"{file} 无法读取 / {file} cannot be read: {error}") from error
        if not _lives(running.pid):
            raise nobody
        return running

    def say_stopped(self) -> None:
        """Nothing runs any more."""
        (self.path / "kaiye.json").unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, so that nobody reads half of it; only the owner may read it."""
    put(path, text.encode(), mode=0o600)


def _text(content: BaseModel) -> str:
    return content.model_dump_json(indent=2) + "\n"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # as another user
    return True


def _named(demonstration: Demonstration) -> str:
    return f"--seed {demonstration.seed} --facts {demonstration.facts}"
