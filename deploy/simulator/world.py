"""What all stories share: the day it is, the county's places, the desks, the days to come and the way a report leaves its desk."""

from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from datetime import date
from itertools import accumulate
from math import log
from random import Random
from typing import TypeVar

from deploy.simulator.codes import EntityCodes, pseudonym
from deploy.simulator.desks import Desk, Desks
from deploy.simulator.dirt import DIRTY_SHARE, Spoiler
from deploy.simulator.outbox import DAY_US, Outbox, Outgoing, midnight_us
from deploy.simulator.pools import Sample
from deploy.simulator.rates import REPORTING_LAGS, TOWNSHIP_SPREAD, UNIT_SPREAD
from deploy.simulator.report import CountyPlan, RosterUnit
from deploy.simulator.things import Data, Entity, Person, Place, Story
from shared.units import county_of, unit_kind

T = TypeVar("T")
_OPEN_US = 30_600_000_000
_WORK_US = 34_200_000_000
"""Reports leave between 08:30 and 18:00."""
_LAGS_US = tuple(days * DAY_US for days in REPORTING_LAGS)
_LAGS = len(_LAGS_US)
_GOLDEN = 0.618_033_988_749_895
"""The golden ratio less one: multiples of it, taken modulo 1, fill the interval most evenly."""
_CATEGORIES = (
    ("returning_migrant", 24), ("unemployed", 18), ("graduate", 15), ("urban_migrant", 12), ("youth", 10), ("new_entrant", 8),
    ("veteran", 5), ("hard_to_employ", 4), ("disabled", 2), ("other", 2),
)  # fmt: skip


class World:
    """One county on one day. Stories ask it for people, places and chances, and report through it."""

    def __init__(self, units: Sequence[RosterUnit], plan: CountyPlan, seed: int, outbox: Outbox, *, scale: float) -> None:
        by_kind: dict[str, list[str]] = {"county": [], "township": [], "park": [], "community": [], "village": []}
        for unit in units:
            by_kind[unit_kind(unit.code)].append(unit.code)
        self.names = {unit.code: unit.name for unit in units}
        if not by_kind["township"]:
            raise ValueError("a county without townships has no departments to simulate / 花名册中没有乡镇，无法模拟")
        self.random = Random(seed)
        self.rnd = self.random.random
        self.county = county_of(units[0].code)
        self.townships = tuple(by_kind["township"])
        self.parks = tuple(by_kind["park"])
        self.communities = tuple(by_kind["community"])
        self.villages = tuple(by_kind["village"])
        self.scale = scale
        """Size of this county's story relative to `FULL_SIZE` reports."""
        self.day = self.year = self.now_us = 0
        self.plan = plan
        self.plan_year = plan.year
        self.desks = Desks(self.county, townships=self.townships, parks=self.parks, institutions=min(40, 4 + int(scale * 2)))
        self.codes = EntityCodes(self.random, self.county)
        self.outbox = outbox
        self._spoiler = Spoiler(self.random, outbox, self.desks, self.county, self.townships + self.communities + self.villages)
        busy = self._weigh_townships()
        self._township_weights = list(accumulate(busy.values()))
        self._places, self._place_weights = self._weigh_places(busy)
        self._categories = [([name], [name, "woman"]) for name, _ in _CATEGORIES]
        self._category_weights = list(accumulate(weight for _, weight in _CATEGORIES))
        self.people: Sample[Person] = Sample(self.random, 20_000)
        """Anybody met so far."""
        self.helped: Sample[Person] = Sample(self.random, 20_000)
        """Those trained, guided or lent to."""
        self.seekers: Sample[str] = Sample(self.random, 20_000)
        """Those who left a job or lost it and look for the next."""
        self.jobless: Sample[str] = Sample(self.random, 20_000)
        """Those helped who did not found and look for a job."""
        self.flagged: Sample[tuple[Outgoing, str]] = Sample(self.random, 500)
        """Reports that are recorded with a flag, and the flag, for the office to rule on."""
        self.trainees: deque[tuple[Person, str]] = deque(maxlen=60)
        """The latest trainees and their courses."""
        self.entities: Sample[Entity] = Sample(self.random, 20_000)
        self.venues: dict[str, list[str]] = {}
        """Open venues by kind."""
        self.gone: set[str] = set()
        """Units that are no more."""
        self.done: dict[tuple[str, str], int] = {}
        """(duty, unit) → the day on which it is done, or `NEVER`, where facts of its own tell of that."""
        self.latest: Outgoing | None = None
        """What was reported last."""
        self._numbers: dict[str, int] = {}
        self._evenly: dict[str, float] = {}
        self._waking: dict[int, list[Story]] = {}
        self._last_day = outbox.last_day

    # days

    def spawn(self, story: Story) -> None:
        """Begin a story now; it is carried on whenever the day it asked for has come."""
        self._carry_on(story)

    def begin_day(self, day: int) -> None:
        """Make it this day and carry on the stories that wait for it."""
        self.day = day
        self.now_us = midnight_us(day)
        self.year = date.fromordinal(day).year
        for story in self._waking.pop(day, ()):
            self._carry_on(story)

    def _carry_on(self, story: Story) -> None:
        for day in story:
            if day > self.day:
                if day <= self._last_day:
                    self._waking.setdefault(day, []).append(story)
                return

    def after(self, days_mean: float, fraction: float) -> int:
        """A day after today: how long things last that last this many days on average, for this fraction of them at most."""
        return self.day + 1 - int(days_mean * log(1.0 - fraction))

    def soon(self, days_mean: float) -> int:
        """A day after today, this many days away on average, most often fewer."""
        return self.day + 1 + int(self.random.expovariate(1.0 / days_mean))

    def between(self, days_least: int, days_most: int) -> int:
        """A day so many days from today."""
        return self.day + days_least + int(self.rnd() * (days_most - days_least + 1))

    def date_of(self, day: int) -> str:
        """The day as contracts spell it."""
        return self.outbox.day_text(day)

    def day_at(self, year: int, month: int, day: int) -> int:
        """The ordinal of a day of the calendar."""
        return date(year, month, day).toordinal()

    # chances

    def keeps(self, weight: float = 1.0) -> bool:
        """Whether one of many like things of a whole county is told at all: always in a full-size story, seldom in a small one."""
        return self.rnd() < self.scale * 4 * weight

    def count(self, mean: float) -> int:
        """A whole number whose mean is this: the whole part, and one more with the chance of the rest."""
        return int(mean + self.rnd())

    def evenly(self, name: str) -> float:
        """The next of a series of fractions that fills 0 to 1 evenly however few are drawn: what befalls few things keeps to its share."""
        last = self._evenly.get(name)
        self._evenly[name] = fraction = (self.rnd() if last is None else last + _GOLDEN) % 1.0
        return fraction

    def pick(self, items: Sequence[T]) -> T:
        """One of these, each as likely."""
        return items[int(self.rnd() * len(items))]

    def number(self, name: str) -> int:
        """The next running number of this name."""
        self._numbers[name] = number = self._numbers.get(name, 0) + 1
        return number

    def key(self, prefix: str) -> str:
        """An identifier no thing has had before, such as `KC2025-00012`."""
        return f"{prefix}{self.year}-{self.number(prefix):05d}"

    # people and places

    def person(self) -> Person:
        """Somebody not seen before."""
        at = bisect_right(self._category_weights, self.rnd() * 100)
        return Person(pseudonym(self.random), self._categories[at][self.rnd() < 0.43])

    def place(self) -> Place:
        """Somewhere in the county: mostly communities and villages, some parks, now and then only the township or county is known."""
        place: Place = self._places[bisect_right(self._place_weights, self.rnd() * self._place_weights[-1])]
        return place

    def township(self) -> str:
        """One of the townships, the busy ones more often."""
        return self.townships[bisect_right(self._township_weights, self.rnd() * self._township_weights[-1])]

    def replace_unit(self, old: str, new: str, known: int) -> None:
        """Nothing new happens in a unit that is no more but in its successor; some go on naming the old one, once that is `known`."""
        self._spoiler.unit_gone(old, known)
        self.gone.add(old)
        for n, place in enumerate(self._places):
            if place.fields.get("unit") == old:
                self._places[n] = Place({**place.fields, "unit": new}, place.desk)

    def refused(self) -> Outgoing | None:
        """Some report that could not be taken in as it was."""
        return self._spoiler.refused.pick()

    def _weigh_townships(self) -> dict[str, float]:
        busy = {code: self.random.lognormvariate(0, TOWNSHIP_SPREAD) for code in self.townships}
        busy[self.townships[0]] = max(busy.values()) * 1.3  # 城关镇: the county's seat
        return busy

    def _weigh_places(self, busy: dict[str, float]) -> tuple[list[Place], list[float]]:
        places: list[Place] = []
        weights: list[float] = []

        def weight(fields: dict[str, str]) -> float:
            township = fields.get("unit", self.county)[:9] + "000"
            return busy.get(township, 1.0) * self.random.lognormvariate(0, UNIT_SPREAD)

        def add(total: float, found: list[dict[str, str]]) -> None:
            each = [weight(fields) for fields in found]
            for fields, weighs in zip(found, each, strict=True):
                places.append(Place(fields, self.desks.at(fields.get("unit") or fields["park"])))
                weights.append(total * weighs / sum(each))

        add(0.45, [{"unit": code} for code in self.communities])
        add(0.28, [{"unit": code} for code in self.villages])
        add(0.12, [{"unit": code} for code in self.townships])
        add(0.05, [{"park": code} for code in self.parks])
        around = (self.communities + self.townships)[: 4 * len(self.parks)]
        add(0.09, [{"unit": code, "park": self.parks[n % len(self.parks)]} for n, code in enumerate(around)])
        add(0.01, [{"unit": self.county}])
        return places, list(accumulate(weights))

    # reports

    def report(self, desk: Desk, type: str, data: Data, after: int = 0, *, promptly: bool = False) -> int:
        """Report a fact of today, some days later as a rule, never before `after`. Returns when it is reported, in microseconds.

        `after` of a dependent fact is what the report of the fact it needs returned, so that it arrives later; where dirt lets
        it be overtaken, what is returned is when it should have been reported.
        """
        rnd = self.rnd
        lag_us = 0 if promptly else _LAGS_US[int(rnd() * _LAGS)]
        instant = self.now_us + lag_us + _OPEN_US + int(rnd() * _WORK_US)
        if instant <= after:
            instant = after + 1 + int(rnd() * DAY_US / 24)
        self.latest = outgoing = Outgoing(instant, desk, desk.next_id(), type, self.day, data)
        if rnd() < DIRTY_SHARE:
            return self._spoiler.spoil(outgoing)
        self.outbox.send(outgoing)
        return instant

    def flag(self, code: str) -> None:
        """What was reported last will be recorded with this flag."""
        assert self.latest is not None
        self.flagged.add((self.latest, code))

    def report_undated(self, desk: Desk, type: str, data: Data, after: int = 0) -> int:
        """Report a disbursement for which the bank gives no day; most get their day by a correction."""
        instant = max(self.now_us + _OPEN_US + int(self.rnd() * _WORK_US), after + 1)
        return self._spoiler.undated(Outgoing(instant, desk, desk.next_id(), type, self.day, data))
