"""`python -m services.registry`: the registry service, set up by `KAIYE_` environment variables."""

from services.registry.app import create_app
from services.registry.settings import RegistrySettings
from shared.service_process import run_service
from shared.write_app import NewerRecords

if __name__ == "__main__":
    run_service(RegistrySettings, create_app, unusable=(NewerRecords,))
