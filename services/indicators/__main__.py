"""`python -m services.indicators`: the indicators service, set up by `KAIYE_` environment variables."""

from services.indicators.app import WrongCounty, create_app
from services.indicators.evaluation.problems import FileProblems
from services.indicators.opening import StoreUnfit
from services.indicators.settings import IndicatorsSettings
from shared.service_process import run_service

if __name__ == "__main__":
    run_service(IndicatorsSettings, create_app, unusable=(FileProblems, FileNotFoundError, WrongCounty, StoreUnfit))
