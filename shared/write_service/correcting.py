"""A corrected copy of a kept report: what is to be set is set, nothing else is touched, and the copy has an id of its own. Pure.

The id is made of the original's and of what the copy says, so that the same correction made twice is one report.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Any, Final

import orjson

from shared.contracts.outcomes import Reason
from shared.event_store.interface import ReportKey
from shared.repair import Change
from shared.write_service import reasons
from shared.write_service.masking import is_masked, mask

_STEPS: Final = re.compile(r"[^.\[\]]+|\[[0-9]{1,4}\]")
_PATH: Final = re.compile(r"[^.\[\]]+(?:\.[^.\[\]]+|\[[0-9]{1,4}\])*")
_SETTABLE: Final = frozenset({"occurred", "data"})
"""What of a report may be corrected: who reported, under which id and of which type stays."""
_OF_THE_ID: Final = 48
"""How many characters of the original's id begin the copy's."""
_OF_THE_CONTENT: Final = 15
"""How many hexadecimal digits of the copy's HMAC end its id."""


def corrected_copy(key: ReportKey, kept: bytes, changes: Sequence[Change], hmac_key: bytes) -> tuple[str, bytes] | Reason:
    """The id and the bytes of the copy, or why there is none."""
    try:
        body = orjson.loads(kept)
    except orjson.JSONDecodeError:
        return reasons.NOT_CORRECTABLE
    if not isinstance(body, dict):
        return reasons.NOT_CORRECTABLE
    for change in changes:
        if (wrong := _set(body, change)) is not None:
            return wrong
    body["source"] = key.source
    body.pop("id", None)
    said = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    if is_masked(said):
        return reasons.STILL_MASKED
    of = hmac.new(hmac_key, orjson.dumps(tuple(key)) + mask(said), hashlib.sha256).hexdigest()  # what gave way is kept masked
    id_ = f"{key.id[:_OF_THE_ID]}-{of[:_OF_THE_CONTENT]}"
    return id_, orjson.dumps({**body, "id": id_})


def _set(body: dict[str, Any], change: Change) -> Reason | None:
    """Set one value in a report; or why it cannot be set."""
    if _PATH.fullmatch(change.path) is None:
        return reasons.no_such_path(change.path)
    steps: list[str | int] = [int(step[1:-1]) if step[0] == "[" else step for step in _STEPS.findall(change.path)]
    if steps[0] not in _SETTABLE or (steps[0] == "occurred") != (len(steps) == 1):
        return reasons.no_such_path(change.path)
    place: Any = body
    for step in steps[:-1]:
        if step == "data" and place is body:
            place = place.setdefault(step, {})
        elif _there(place, step):
            place = place[step]
        else:
            return reasons.no_such_path(change.path)
    last = steps[-1]
    if isinstance(last, int) and isinstance(place, list) and last <= len(place):
        place[last : last + 1] = [_value(change, place[last] if last < len(place) else None)]
    elif isinstance(last, str) and isinstance(place, dict):
        place[last] = _value(change, place.get(last))
    else:
        return reasons.no_such_path(change.path)
    return None


def _there(place: Any, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(place, list) and step < len(place)
    return isinstance(place, dict) and step in place


def _value(change: Change, before: Any) -> Any:
    """Text stays text, unless something else than a text stood there and the text reads as JSON; a null says nothing in any contract."""
    if change.json_value or not (before is None or isinstance(before, str)):
        try:
            return orjson.loads(change.value)
        except orjson.JSONDecodeError:
            return change.value
    return change.value
