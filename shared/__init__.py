"""What every service stands on: contracts, days, units, the write service, the event store, the relay, the client."""
