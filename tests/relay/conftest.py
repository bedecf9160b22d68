"""A broker of each test's own (it is killed, wiped and loosened), and a connection to it."""

from tests.support.nats import broker, nc

__all__ = ["broker", "nc"]
