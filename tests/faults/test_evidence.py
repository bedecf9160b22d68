"""Any single byte of an evidence bundle, flipped anywhere, is found in its file, and in a file of facts in its line."""

import random
from pathlib import Path

import pytest

from services.indicators.audit.bundle import check_integrity
from services.indicators.audit.evidence import make_bundle, verify_bundle
from services.indicators.audit.manifest import Altered
from services.indicators.audit.records import check_history
from tests.indicators.audit.test_bundle import KEY, PLAN, written
from tests.indicators.audit.test_recompute import in_order
from tests.indicators.simulated import simulated
from tests.support.records import COUNTY

PLACES_PER_FILE = 40
"""Eleven files: 440 places."""


def test_a_flipped_byte_anywhere_is_located(tmp_path: Path) -> None:
    by = random.Random(20)
    history = check_history(in_order(simulated(20, 2000)), COUNTY)
    known = history.last_known_day
    files = make_bundle(history, PLAN, known, known, KEY)
    assert verify_bundle(written(tmp_path / "bundle", files), KEY.public_key()).fault is None
    for pinned in (None, KEY.public_key()):
        for name, content in files.items():
            for at in (0, len(content) - 1, *(by.randrange(len(content)) for _ in range(PLACES_PER_FILE // 2 - 2))):
                changed = bytearray(content)
                changed[at] ^= by.randrange(1, 256)
                with pytest.raises(Altered) as found:
                    check_integrity({**files, name: bytes(changed)}, pinned)
                assert found.value.file == name, f"byte {at} of {name}: {found.value}"
                if name.startswith("facts-") and at < len(content) - 1:  # the last end of line belongs to no record
                    assert found.value.line == content.count(b"\n", 0, at) + 1, f"byte {at} of {name}: {found.value}"
