"""Writes the corpus anew: `python -m tests.indicators.corpus`.

Histories that are frozen stay as they are; scenes that have none yet get theirs. A measure whose entries changed while its definition did
not is refused: the revision of its relation or its kind is to be raised first.
"""

import sys

from tests.indicators.corpus import RECORDS, Histories, changed, computed, read_histories, read_measures, write_histories, write_measures
from tests.indicators.histories import SCENES, told
from tests.indicators.simulated import simulated

SIMULATED = {"simulated 1": 1, "simulated 2": 2}
"""History → seed."""
FACTS = 1500
OF_EACH_SCENE = 10


def scenes_of(histories: Histories) -> set[str]:
    """The scenes that have histories."""
    return {history.rpartition(" ")[0] for history in histories.keys() - SIMULATED.keys()}


def main() -> int:
    histories: Histories = {}
    if RECORDS.exists():
        histories = read_histories()
        unnoticed = changed(read_measures(), computed(histories))
        if unnoticed:
            sys.stderr.write("entries changed, definitions did not: raise the revision of the relation or kind of\n")
            sys.stderr.write("".join(f"  {name}\n" for name in unnoticed))
            return 1
    for scene in SCENES.keys() - scenes_of(histories):
        histories |= {f"{scene} {seed}": list(told(seed, (scene,)).records) for seed in range(OF_EACH_SCENE)}
    for history, seed in SIMULATED.items():
        histories.setdefault(history, simulated(seed, FACTS))
    write_histories(histories)
    write_measures(computed(histories))
    return 0


if __name__ == "__main__":
    sys.exit(main())
