"""Which version of a contract a report is sent in: departments' systems are not renewed on one day.

Stories tell everything in the first version. A system that was renewed says the same in the newest, by the contract's own steps; so the
county is told the same history whichever system tells it.
"""

from typing import Any

from shared.contracts.finance import LoanRepaid
from shared.contracts.versions import upcast

_STEPS = tuple(step for earlier in LoanRepaid.earlier for step in earlier.steps)
_INTEREST = 3, 200
"""A quarter's interest at 6 % a year, of the principal paid back: what figures are made of does not depend on it."""


def as_sent(type: str, data: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The version in which a fact is reported, and what is said in it. Banks that lend under odd numbers have renewed their systems."""
    if type != LoanRepaid.type or data["loan"][-1] not in "13579":
        return 1, data
    said = upcast(data, _STEPS)
    part, whole = _INTEREST
    return LoanRepaid.version, {**said, "interest_fen": said["principal_fen"] * part // whole}
