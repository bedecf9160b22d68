"""The registry service as an app: its rules in the common frame of the write services, and the doors of persons' pseudonyms."""

from nats.aio.client import Client

from services.registry.persons.doors import Persons, answer_for_persons
from services.registry.persons.keys import KeyFile, KeysUnusable
from services.registry.persons.links import opened_links
from services.registry.rules import RULES
from services.registry.settings import RegistrySettings
from shared.logs import logger
from shared.write_app import WriteApp
from shared.write_app.app import OpenStore
from shared.write_app.process import postgres_store

log = logger(__name__)


class RegistryApp(WriteApp):
    """The registry service in one process."""

    settings: RegistrySettings

    def __init__(self, settings: RegistrySettings, open_store: OpenStore) -> None:
        self._persons = Persons(settings.identify_per_minute, settings.identify_per_day)
        super().__init__(settings, RULES, open_store)
        answer_for_persons(self._nats, self._persons)

    async def _open(self, nc: Client) -> None:
        """Open the store and the links. Without usable keys facts are recorded all the same, and who asks for persons is told."""
        await super()._open(nc)
        settings = self.settings
        if settings.person_keys is None:
            return
        opening = opened_links(settings.database_url, settings.county, KeyFile(settings.person_keys))
        self._persons.links = await self._opened.enter_async_context(opening)
        try:
            await self._persons.links.prepare()
        except KeysUnusable as error:
            log.critical("the keys of persons' links cannot be used", because=str(error))


def create_app(settings: RegistrySettings) -> RegistryApp:
    """The registry service. Nothing is connected before it is started."""
    return RegistryApp(settings, postgres_store)
