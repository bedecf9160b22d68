"""A broker of each test's own: it is killed and wiped."""

from tests.support.nats import broker, nc

__all__ = ["broker", "nc"]
