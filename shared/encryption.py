"""TLS to the bus where an address (`tls://`) or the authority's certificates ask for it: nothing is said before it is encrypted.

The library encrypts if the server proposes it, in a line that anybody on the way can change. It also writes what is pending to whatever
connection there is when it is closed in the midst of coming back.
"""

import ssl
from asyncio import StreamWriter
from collections.abc import Iterable
from typing import Any
from urllib.parse import ParseResult

import orjson
from nats.aio.client import Client
from nats.aio.transport import TcpTransport
from nats.errors import Error

from shared.settings import Settings


class Unencrypted(Error):
    """A server does not encrypt what is to be encrypted; the message says so in Chinese and English."""

    def __init__(self, server: str) -> None:
        super().__init__(f"消息总线 {server} 未提供 TLS 加密 / the bus at {server} does not offer to encrypt by TLS")
        self.server = server


class EncryptedTransport(TcpTransport):
    """A connection on which nothing is said, and no word taken for whom else to talk to, before it is encrypted."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._server = ""

    async def connect(self, uri: ParseResult, buffer_size: int, connect_timeout: int) -> None:
        """Raises what the library's raises."""
        self._server = uri.netloc.rpartition("@")[2]
        await super().connect(uri, buffer_size, connect_timeout)

    def write(self, payload: bytes) -> None:
        """Raises Unencrypted."""
        if not self._encrypted:
            self.close()
            raise Unencrypted(self._server)
        self._writer.write(payload)

    def writelines(self, payload: Iterable[bytes]) -> None:
        """What is pending when the connection is given up is lost, as it would be if nobody listened: whoever reports has kept it."""
        if self._encrypted:
            self._writer.writelines(payload)

    async def readline(self) -> bytes:
        """A line; of what is read unencrypted, the servers to go to instead are left out."""
        assert self._io_reader is not None, "it is connected"
        encrypted, line = self._encrypted, await self._io_reader.readline()
        return line if encrypted else _without_servers(line)

    async def drain(self) -> None:
        """Until what was written is on its way."""
        if self._encrypted:
            await self._writer.drain()

    def close(self) -> None:
        """Close what is connected."""
        if self._io_writer is not None:
            self._io_writer.close()

    def __bool__(self) -> bool:
        """It is the one to be used: the library makes its own in place of one that is not connected yet."""
        return True

    @property
    def _writer(self) -> StreamWriter:
        assert self._io_writer is not None, "it is connected"
        return self._io_writer

    @property
    def _encrypted(self) -> bool:
        return self._io_writer is not None and self._io_writer.get_extra_info("ssl_object") is not None


def _without_servers(line: bytes) -> bytes:
    verb, _, said = line.partition(b" ")
    try:
        info = orjson.loads(said)
    except orjson.JSONDecodeError:
        return line
    if not isinstance(info, dict):
        return line
    return b"%b %b\r\n" % (verb, orjson.dumps({name: value for name, value in info.items() if name != "connect_urls"}))


def is_asked_for(settings: Settings) -> bool:
    """Whether anything in settings asks for encryption; then it is asked of every server."""
    return settings.nats_certificates is not None or any(address.startswith("tls://") for address in settings.nats_servers)


def encrypt_as_asked(nc: Client, settings: Settings) -> None:
    """Have a client that is not connected yet encrypt every connection, where settings ask for it."""
    if is_asked_for(settings):
        transport: Any = EncryptedTransport()
        nc._transport = transport  # noqa: SLF001 - the library has no way to be given one


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """TLS with the authority's certificates, when settings name them. Settings have seen that they can be read."""
    if settings.nats_certificates is None:
        return None
    return ssl.create_default_context(cafile=settings.nats_certificates)
