"""`python -m services.finance`: the finance service, set up by `KAIYE_` environment variables."""

from services.finance.rules import RULES
from shared.write_app import main

if __name__ == "__main__":
    main(RULES)
