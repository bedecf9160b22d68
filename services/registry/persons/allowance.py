"""How much each asker may ask: a bucket of ids that fills up evenly. It is there against trying out every id there is, and by mistake."""

from dataclasses import dataclass

ASKERS_MAX = 1000
"""Beyond so many, those whose bucket is full again are forgotten."""


@dataclass(slots=True)
class _Bucket:
    ids: float
    at: float


class Allowances:
    """The buckets of all askers of one process. Seconds are those of a clock that never goes back."""

    def __init__(self, per_minute: int) -> None:
        self._most = per_minute
        self._per_second = per_minute / 60
        self._buckets: dict[object, _Bucket] = {}

    def take(self, asker: object, ids: int, now: float) -> float:
        """Take so many ids, no more than a minute's, out of the asker's bucket: 0; or the seconds until it holds them, and take nothing."""
        bucket = self._buckets.setdefault(asker, _Bucket(self._most, now))
        bucket.ids, bucket.at = self._filled(bucket, now), now
        if bucket.ids < ids:
            return (ids - bucket.ids) / self._per_second
        bucket.ids -= ids
        if len(self._buckets) > ASKERS_MAX:
            self._buckets = {who: each for who, each in self._buckets.items() if self._filled(each, now) < self._most}
        return 0.0

    def _filled(self, bucket: _Bucket, now: float) -> float:
        return min(self._most, bucket.ids + (now - bucket.at) * self._per_second)
