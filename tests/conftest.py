"""What every test may ask for."""

from tests.support.servers import clean_nats_url, database, fresh_database, nats_url, postgres_dsn

__all__ = ["clean_nats_url", "database", "fresh_database", "nats_url", "postgres_dsn"]
