"""How much each asker may ask: a bucket of ids for the minute and one for the day, which fill up evenly.

The first is there so that nobody holds up the others. The second is against trying out every id there is: a region has some 3·10⁷ that
could be somebody's, so whoever has one department's key would know within a day whose each pseudonym is, were there the first alone.
"""

from dataclasses import dataclass

ASKERS_MAX = 1000
"""Beyond so many, those whose buckets are full again are forgotten."""
MINUTE_SECONDS, DAY_SECONDS = 60.0, 86_400.0


@dataclass(slots=True)
class _Bucket:
    ids: list[float]
    """For the minute and for the day."""
    at: float


class Allowances:
    """The buckets of all askers of one process. Seconds are those of a clock that never goes back."""

    def __init__(self, per_minute: int, per_day: int) -> None:
        self._sizes = ((per_minute, MINUTE_SECONDS), (per_day, DAY_SECONDS))
        self._buckets: dict[object, _Bucket] = {}

    def take(self, asker: object, ids: int, now: float) -> float:
        """Take so many ids, no more than a minute's, out of the asker's buckets: 0; or the seconds until both hold them, and nothing is
        taken.
        """
        bucket = self._buckets.setdefault(asker, _Bucket([most for most, _ in self._sizes], now))
        bucket.ids, bucket.at = self._filled(bucket, now), now
        wait_seconds = max((ids - there) * seconds / most for there, (most, seconds) in zip(bucket.ids, self._sizes, strict=True))
        if wait_seconds > 0:
            return wait_seconds
        bucket.ids = [there - ids for there in bucket.ids]
        if len(self._buckets) > ASKERS_MAX:
            full = [float(most) for most, _ in self._sizes]
            self._buckets = {who: each for who, each in self._buckets.items() if self._filled(each, now) != full}
        return 0.0

    def _filled(self, bucket: _Bucket, now: float) -> list[float]:
        passed = now - bucket.at
        return [min(float(most), there + passed * most / seconds) for there, (most, seconds) in zip(bucket.ids, self._sizes, strict=True)]
