"""The frame of a write service: one FastStream app in one process, alike for registry, training and finance."""

from shared.write_app.app import WriteApp, create_write_app
from shared.write_app.process import create_app, main
from shared.write_app.work import NewerRecords

__all__ = ["NewerRecords", "WriteApp", "create_app", "create_write_app", "main"]
