"""Days, months and instants: everything is a day in Asia/Shanghai or an instant in UTC.

Days are inclusive; a state is the state at the *end* of its day. "At most 12 months old" and "within the last n months"
mean from day d to the day before d + n months, and adding months clamps to the month's end (29 February + 1 year = 28 February).
"""

from calendar import monthrange
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
_CLOSING = time(18)


def day_of(instant: datetime) -> date:
    """The day in Asia/Shanghai on which an instant falls: the *known day* of a record is the day of its recorded time."""
    return instant.astimezone(SHANGHAI).date()


def start_of_day(day: date) -> datetime:
    """The first instant of a day in Asia/Shanghai."""
    return datetime.combine(day, time(), SHANGHAI)


def closing_instant(day: date) -> datetime:
    """When the office does something on a day of a demonstration: there a report says what time it is."""
    return datetime.combine(day, _CLOSING, SHANGHAI).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day of the month `months` later (or earlier, when negative), clamped to that month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def next_new_year(day: date) -> date:
    """1 January of the following year: where everything counted per calendar year falls back to nothing."""
    return date(day.year + 1, 1, 1)


def instant_text(instant: datetime) -> str:
    """RFC 3339 in UTC with exactly six fractional digits, so that equal instants are equal texts and order is text order."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def instant_from(text: str) -> datetime:
    """The instant an RFC 3339 text names. Raises ValueError when it names none, lacks an offset, or may have no day in every zone."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"an instant needs an offset: {text}")
    if not MINYEAR < instant.year < MAXYEAR:
        raise ValueError(f"an instant at an end of the calendar: {text}")
    return instant.astimezone(UTC)
