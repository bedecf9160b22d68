"""The embedded bus of one county: an account of its own and a key per user, configured by `deploy.nats.accounts` like any other.

A folder from before there were keys had one password for everybody, and its streams in the account that has no name: they move.
"""

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.data_folder import BadFolder, write_private
from deploy.embedded import HOST, EmbeddedNats
from deploy.nats.accounts import account_of, accounts_conf
from deploy.processes import PartFailed
from shared.clock import today
from shared.users import CountyUsers

ACCOUNTS = "accounts.conf"
UNTOLD = "accounts.untold"
"""Stands beside it while the server may not have what it says."""
ANYBODY = "anybody"
"""Whoever comes without a key, where that was asked for."""
RENEW_SECONDS_MAX = 10.0
RELOADS = 2
"""The server joins what it imports to an account that it learns of only when it reads about that account again (nats-server 2.15)."""
_ANYBODY = {"user": ANYBODY, "password": ANYBODY}


class CountyBus(EmbeddedNats):
    """A NATS server whose users are looked up each time it starts. With `insecure`, who brings no key may do everything too."""

    def __init__(
        self, folder: Path, log: Path, *, county: str, users: Callable[[], CountyUsers], insecure: bool = False, port: int = 0
    ) -> None:
        super().__init__(folder, port, log=log)
        self._county = county
        self._users = users
        self._insecure = insecure

    @property
    def address(self) -> str:
        """`nats://127.0.0.1:port`: everybody brings a key of their own."""
        return f"nats://{HOST}:{self.port}"

    def make_folder(self) -> None:
        """Write the configuration, after bringing an older folder to this form. Raises PartFailed when the users cannot be read."""
        self._leave_the_password()
        with self._renewing():
            write_private(self.folder / ACCOUNTS, self._accounts())
            (self.folder / UNTOLD).unlink(missing_ok=True)  # a server that starts reads all of it
        super().make_folder()

    def access(self) -> str:
        """The accounts, from a file of their own."""
        return f'include "{ACCOUNTS}"\n' + (f'no_auth_user: "{ANYBODY}"\n' if self._insecure else "")

    def renew_accounts(self) -> bool:
        """Let the running server know of the users as they are now: those no longer listed are out when this returns. Whether they changed.

        Raises PartFailed when the list cannot be read or the server does not take it.
        """
        with self._renewing():
            file, untold, accounts = self.folder / ACCOUNTS, self.folder / UNTOLD, self._accounts()
            if file.read_text() == accounts and not untold.exists():
                return False
            untold.touch()
            write_private(file, accounts)
            for _ in range(RELOADS):
                if (pid := self._process_inside()) is None:
                    break
                heard = self.log.stat().st_size
                os.kill(pid, signal.SIGHUP)
                self._until_renewed(heard)
            untold.unlink()
            return True

    @contextmanager
    def _renewing(self) -> Iterator[None]:
        """One after the other: who read the list before somebody was taken off it must not write it after that."""
        descriptor = os.open(self.folder / f"{ACCOUNTS}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _until_renewed(self, heard: int) -> None:
        """Wait for the server to say that it has the new users."""
        deadline = time.monotonic() + RENEW_SECONDS_MAX
        while time.monotonic() < deadline:
            with self.log.open("rb") as log:
                log.seek(heard)
                said = log.read()
            if b"Reloaded server configuration" in said:
                return
            if b"Failed to reload" in said:
                break
            time.sleep(0.02)
        raise self.failed("未采用新的用户名单", "did not take the new list of users")

    def _accounts(self) -> str:
        try:
            users = self._users()
        except BadFolder as error:
            raise PartFailed(str(error)) from error
        return accounts_conf({self._county: users}, today(), more=(_ANYBODY,) if self._insecure else ())

    def _leave_the_password(self) -> None:
        streams = self.folder / "jetstream" / "jetstream"
        nameless, ours = streams / "$G", streams / account_of(self._county)
        if nameless.exists() and not ours.exists():
            nameless.rename(ours)
        (self.folder / "password").unlink(missing_ok=True)
