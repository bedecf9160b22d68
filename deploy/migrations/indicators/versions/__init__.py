"""The store of a write service."""
