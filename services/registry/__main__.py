"""`python -m services.registry`: the registry service, set up by `KAIYE_` environment variables."""

from services.registry.rules import RULES
from shared.write_app import main

if __name__ == "__main__":
    main(RULES)
