"""The doors of the indicators service: HTTP, NATS request and reply, the change feed. All give the same answers."""
