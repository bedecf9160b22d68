"""The embedded bus of one county: an account of its own and a key per user, configured by `deploy.nats.accounts` like any other.

A folder from before there were keys had one password for everybody, and its streams in the account that has no name: they move.
"""

import secrets
from collections.abc import Callable
from pathlib import Path

from deploy.data_folder import BadFolder, write_private
from deploy.embedded import HOST, EmbeddedNats
from deploy.nats.accounts import account_of, accounts_conf
from deploy.processes import PartFailed
from shared.users import CountyUsers

ACCOUNTS = "accounts.conf"
ANYBODY = "anybody"
"""Whoever comes without a key, where that was asked for."""


class CountyBus(EmbeddedNats):
    """A NATS server whose users are looked up each time it starts. With `insecure`, who brings no key may do everything too."""

    def __init__(self, folder: Path, log: Path, *, county: str, users: Callable[[], CountyUsers], insecure: bool = False) -> None:
        super().__init__(folder, log=log)
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
        self.write_accounts()
        super().make_folder()

    def access(self) -> str:
        """The accounts, from a file of their own."""
        return f'include "{ACCOUNTS}"\n' + (f'no_auth_user: "{ANYBODY}"\n' if self._insecure else "")

    def write_accounts(self) -> None:
        """Write the accounts as the users are now. Raises PartFailed when they cannot be read."""
        try:
            users = self._users()
        except BadFolder as error:
            raise PartFailed(str(error)) from error
        anybody = ({"user": ANYBODY, "password": secrets.token_urlsafe(24)},) if self._insecure else ()
        write_private(self.folder / ACCOUNTS, accounts_conf({self._county: users}, more=anybody))

    def _leave_the_password(self) -> None:
        streams = self.folder / "jetstream" / "jetstream"
        nameless, ours = streams / "$G", streams / account_of(self._county)
        if nameless.exists() and not ours.exists():
            nameless.rename(ours)
        (self.folder / "password").unlink(missing_ok=True)
