"""The relay from a service's store to its stream: `Relay`, what it finds (`RelayFinding`), and `adopt` and `forgotten` for a store from an
older backup.
"""

from shared.relay.adopt import Adopted, AdoptionRefused, adopt
from shared.relay.findings import Forked, Healthy, Refilled, RelayFinding, StoreBehind, describe, may_record
from shared.relay.forgotten import Forgotten, forgotten
from shared.relay.relay import Relay
from shared.relay.store import RecordStore

__all__ = [
    "Adopted", "AdoptionRefused", "Forgotten", "Forked", "Healthy", "RecordStore", "Refilled", "Relay", "RelayFinding", "StoreBehind",
    "adopt", "describe", "forgotten", "may_record",
]  # fmt: skip
