"""`python -m services.indicators`: the indicators service, set up by `KAIYE_` environment variables.

Exit codes: 0 stopped by a signal, 1 ended by an error (a supervisor starts it anew), 2 settings, county folder or database that cannot be
used, 3 bus or store out of reach at the start, or its port taken.
"""

import sys

import uvloop
from pydantic import ValidationError

from services.indicators.app import WrongCounty, create_app
from services.indicators.evaluation.problems import FileProblems
from services.indicators.opening import StoreUnfit, StoreUnreachable
from services.indicators.settings import IndicatorsSettings
from shared.bus import BusUnreachable
from shared.http_server import PortTaken
from shared.logs import configure_logs

BAD_SETTINGS, OUT_OF_REACH = 2, 3


def main() -> int:
    """Run until a signal ends it."""
    try:
        settings = IndicatorsSettings()
    except ValidationError as error:
        problems = "; ".join(f"KAIYE_{'.'.join(map(str, problem['loc'])).upper()}: {problem['msg']}" for problem in error.errors())
        sys.stderr.write(f"设置有误 / the settings cannot be used: {problems}\n")
        return BAD_SETTINGS
    configure_logs(settings.log_level, settings.log_format)
    try:
        uvloop.run(create_app(settings).run())
    except (FileProblems, FileNotFoundError, WrongCounty, StoreUnfit) as error:
        sys.stderr.write(f"{error}\n")
        return BAD_SETTINGS
    except (BusUnreachable, StoreUnreachable, PortTaken) as error:
        sys.stderr.write(f"{error}\n")
        return OUT_OF_REACH
    return 0


if __name__ == "__main__":
    sys.exit(main())
