"""The training service as an app: its rules in the common frame of the write services."""

from services.training.rules import RULES
from shared.settings import Settings
from shared.write_app import WriteApp
from shared.write_app import create_app as create


def create_app(settings: Settings) -> WriteApp:
    """The training service. Nothing is connected before it is started."""
    return create(settings, RULES)
