"""Asking a bus whether it lets a user in, without staying: a greeting, a signature, yes or no."""

import base64
import json
import socket

import nkeys

ANSWER_SECONDS_MAX = 5.0


def lets_in(host: str, port: int, seed: str | None) -> bool:
    """Whether the bus lets in who has the seed, or who has none. Raises OSError when nobody answers as a bus does."""
    with socket.create_connection((host, port), timeout=ANSWER_SECONDS_MAX) as connection, connection.makefile("rb") as said:
        greeting = said.readline().removeprefix(b"INFO ")
        if not greeting.startswith(b"{"):
            raise ConnectionError(f"{host}:{port} 不是消息总线 / is no bus")
        connection.sendall(f"CONNECT {json.dumps(_credentials(json.loads(greeting), seed))}\r\nPING\r\n".encode())
        return said.readline().startswith(b"PONG")


def _credentials(greeting: dict[str, str], seed: str | None) -> dict[str, object]:
    quiet: dict[str, object] = {"verbose": False, "pedantic": False}
    if seed is None or "nonce" not in greeting:
        return quiet
    pair = nkeys.from_seed(bytearray(seed.encode()))
    signature = base64.urlsafe_b64encode(pair.sign(greeting["nonce"].encode())).rstrip(b"=")
    return {**quiet, "nkey": pair.public_key.decode(), "sig": signature.decode()}
