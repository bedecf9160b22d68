"""`python -m services.training`: the training service, set up by `KAIYE_` environment variables."""

from services.training.rules import RULES
from shared.write_app import main

if __name__ == "__main__":
    main(RULES)
