"""The configuration of a county's own broker, as it is shipped: TLS or nothing, and its monitoring for the machine alone."""

import asyncio
import gc
import ipaddress
import os
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlparse

import httpx
import nats
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from deploy.embedded import HOST, EmbeddedNats, free_port
from deploy.nats.accounts import ADMINISTRATOR, accounts_conf, inbox_of
from deploy.nats.keys import new_seed
from deploy.processes import PartFailed
from services.training.rules import RULES
from shared import bus
from shared.bus import BusUnreachable, connect, ensure_stream, reported_config
from shared.contracts.base import SERVICES
from shared.encryption import EncryptedTransport
from shared.settings import Settings
from shared.tasks import end
from shared.write_app import create_write_app
from tests.support.nats import county_users

NATS = Path(__file__).parents[2] / "deploy" / "nats"
COUNTY = "330127000000"
SEEDS = {name: new_seed() for name in (*SERVICES, "indicators", ADMINISTRATOR)}


class ShippedServer(EmbeddedNats):
    """A server by `server.conf`, but for its ports and where its streams lie."""

    def __init__(self, folder: Path, *, certified: bool = True) -> None:
        super().__init__(folder)
        self._certified = certified
        self.monitoring = free_port()
        self.certificate = folder / "server.pem"

    def make_folder(self) -> None:
        shipped = (NATS / "server.conf").read_text()
        ours = {"4222": str(self.port), "8222": str(self.monitoring), "/data/jetstream": str(self.folder / "jetstream")}
        for theirs, mine in ours.items():
            assert shipped.count(theirs) == 1
            shipped = shipped.replace(theirs, mine)
        (self.folder / "nats.conf").write_text(shipped)
        (self.folder / "accounts.conf").write_text(accounts_conf({COUNTY: county_users(SEEDS)}, date(2026, 3, 2)))
        _sign(self.certificate, self.folder / "server.key")

    def environment(self) -> Mapping[str, str]:
        certificate = {"NATS_CERTIFICATE": str(self.certificate), "NATS_CERTIFICATE_KEY": str(self.folder / "server.key")}
        return {**os.environ, "NATS_NAME": "n1", **(certificate if self._certified else {})}

    def settings(self, **changes: object) -> Settings:
        own = {"nats_nkey_seed": SEEDS["finance"], "nats_inbox": inbox_of("finance"), "nats_connect_seconds_max": 5}
        return Settings.model_validate(
            {"county": COUNTY, "nats_url": f"tls://{HOST}:{self.port}", "database_url": "postgresql://none", **own, **changes}
        )


def _sign(certificate: Path, key_file: Path) -> None:
    """A certificate for the loopback address that signs for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kaiye test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
    signed = builder.sign(key, hashes.SHA256())
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ShippedServer]:
    server = ShippedServer(tmp_path)
    server.start()
    yield server
    server.stop()


async def test_a_service_comes_in_by_tls_and_with_its_key(server: ShippedServer) -> None:
    nc = await connect(server.settings(nats_certificates=server.certificate), name="test")
    await ensure_stream(nc.jetstream(), reported_config(COUNTY), keeps=False)
    await nc.close()


async def test_nobody_comes_in_without_tls_or_believing_another_authority(server: ShippedServer) -> None:
    with socket.create_connection((HOST, server.port), timeout=5) as connection:
        assert b'"tls_required":true' in connection.makefile("rb").readline()
    with pytest.raises(ssl.SSLCertVerificationError):
        await nats.connect(
            f"tls://{HOST}:{server.port}", tls=ssl.create_default_context(), nkeys_seed_str=SEEDS["finance"], allow_reconnect=False
        )


class Between:
    """Somebody on the way to the bus: what he hears, once he no longer lets encrypted connections through."""

    def __init__(self, bus: ShippedServer, *, encrypted: int = 0, greets: bool = True, more: str = "") -> None:
        self._bus = bus
        self._encrypted = encrypted
        self._greeting = f'INFO {{"server_id":"x","version":"2.11.0","proto":1,"max_payload":1048576,"nonce":"abc"{more}}}\r\n'
        self._greets = greets
        self._open: set[asyncio.StreamWriter] = set()
        self.port = free_port()
        self.heard = b""
        self.greeted = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        async with await asyncio.start_server(self._come, HOST, self.port):
            yield
            self.cut()
            await asyncio.sleep(0)

    def cut(self) -> None:
        """End every connection."""
        for writer in self._open:
            writer.transport.abort()

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        if self._encrypted:
            self._encrypted -= 1
            await self._pass_on(reader, writer)
            return
        if self._greets:
            writer.write(self._greeting.encode())
        self.greeted += 1
        while said := await reader.read(4096):
            self.heard += said
        writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_bus, to_bus = await asyncio.open_connection(HOST, self._bus.port)
        self._open.add(to_bus)
        await asyncio.gather(_pipe(reader, to_bus), _pipe(from_bus, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while said := await reader.read(4096):
            writer.write(said)
    writer.transport.abort()


async def test_who_does_not_encrypt_is_told_nothing(server: ShippedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus, "KEPT_OUT_SECONDS_MAX", 0.5)
    between = Between(server)
    here, elsewhere = f"{HOST}:{between.port}", f"tls://{HOST}:{free_port()}"
    async with between.listening():
        for addresses, certificates in (
            (f"tls://{here}", None), (f"nats://{here}", server.certificate), (f"nats://{here},{elsewhere}", None),
        ):  # fmt: skip
            with pytest.raises(BusUnreachable, match=f"{here} 未提供 TLS 加密.* / the bus at {here} does not encrypt, .* nothing was sent"):
                await connect(server.settings(nats_url=addresses, nats_certificates=certificates), name="test")
    assert (between.greeted > 2, between.heard) == (True, b"")


@pytest.fixture
def let_go() -> Iterator[None]:
    """Afterwards what the library does not close, when it is cut off, is gone."""
    yield
    gc.collect()


@pytest.mark.parametrize("greets", [True, False])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("let_go")
async def test_nor_is_anything_when_the_connection_comes_back_or_is_given_up_meanwhile(server: ShippedServer, *, greets: bool) -> None:
    between = Between(server, encrypted=1, greets=greets)
    settings = server.settings(nats_url=f"tls://{HOST}:{between.port}", nats_certificates=server.certificate)
    async with between.listening(), asyncio.timeout(20):
        nc = await connect(settings, name="test")
        between.cut()
        while between.greeted < 1 + greets:
            await asyncio.sleep(0.05)
        await nc.publish("reported", b"secret")
        await nc.close()
        await asyncio.sleep(0.2)
    assert between.heard == b""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("let_go")
async def test_nor_by_a_service(server: ShippedServer) -> None:
    between = Between(server, encrypted=1)  # the connection by which it looks whether it is let in
    settings = server.settings(nats_url=f"tls://{HOST}:{between.port}", nats_certificates=server.certificate)
    app = create_write_app(settings, RULES, lambda *_: pytest.fail("the store is opened"))
    async with between.listening(), asyncio.timeout(20):
        starting = asyncio.create_task(app.start())
        while between.greeted < 2:
            await asyncio.sleep(0.05)
        await end([starting])
    assert between.heard == b""


async def test_what_is_read_unencrypted_leads_to_no_other_server(server: ShippedServer) -> None:
    between = Between(server, more=',"connect_urls":["elsewhere.example:4222"],"tls_required":true')
    transport = EncryptedTransport()
    async with between.listening():
        await transport.connect(urlparse(f"tls://{HOST}:{between.port}"), 4096, 5)
        line = (await transport.readline()).decode()
        transport.close()
    assert ("connect_urls" in line, '"tls_required":true' in line) == (False, True)


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read: No such file"), ("no PEM", "holds no certificate in PEM")])
def test_certificates_that_cannot_be_used_are_named(server: ShippedServer, tmp_path: Path, content: str | None, said: str) -> None:
    file = tmp_path / "authority.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValidationError, match=f"{file} {said}"):
        server.settings(nats_certificates=file)


def test_what_the_server_tells_of_itself_stays_on_the_machine(server: ShippedServer) -> None:
    assert httpx.get(f"http://{HOST}:{server.monitoring}/varz", trust_env=False).status_code == 200
    listening = [address for address in _listening() if address[1] == server.monitoring]
    assert [address for address, _ in listening] == [HOST]


def _listening() -> list[tuple[str, int]]:
    """Where anybody on this machine listens by IPv4 or IPv6."""
    found = []
    for file, family, bytes_ in (("tcp", socket.AF_INET, 4), ("tcp6", socket.AF_INET6, 16)):
        for line in Path(f"/proc/net/{file}").read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            if state == "0A":
                address, port = local.split(":")
                words = bytes.fromhex(address)
                packed = b"".join(words[at : at + 4][::-1] for at in range(0, bytes_, 4))
                found.append((socket.inet_ntop(family, packed), int(port, 16)))
    return found


def test_without_a_certificate_it_does_not_start(tmp_path: Path) -> None:
    server = ShippedServer(tmp_path, certified=False)
    with pytest.raises(PartFailed):
        server.start()
    assert "NATS_CERTIFICATE" in server.log.read_text()
