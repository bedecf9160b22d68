"""Single bits flipped in a file of records: each is found, and told by the place it lies in."""

import random
import re
from collections.abc import Sequence

import pytest

from services.indicators.audit.records import BadRecords, Ends, check_history
from shared.contracts.envelope import parse_record
from tests.support.records import COUNTY

_LINE = re.compile(r" line (\d+)")


def every_flip_is_located(lines: Sequence[bytes], ends: Ends, places: int, seed: int) -> None:
    """Flip one bit at so many places, one after the other: it is told by its line, by the next, or as the end of its service."""
    by, whole = random.Random(seed), b"".join(line + b"\n" for line in lines)
    for _ in range(places):
        at = by.randrange(len(whole))
        number = whole.count(b"\n", 0, at) + 1
        flipped = whole[:at] + bytes([whole[at] ^ 1 << by.randrange(8)]) + whole[at + 1 :]
        with pytest.raises(BadRecords) as caught:
            check_history(flipped.split(b"\n"), COUNTY, ends)
        record = parse_record(lines[number - 1])
        named = {int(found) for found in _LINE.findall(str(caught.value))}
        last = f"{record.service}'s position {record.position} has the hash"
        assert named & {number, number + 1} or last in str(caught.value), f"byte {at} in line {number}: {caught.value}"
