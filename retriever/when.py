"""Stretches of time as people remember them: certain inside, fading outside.

Memory of time is not sharp, and it blurs with distance: who says "three years ago" may mean two and a half. So a
stretch has a beginning and an end, and how fast it fades on either side of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

DAY = timedelta(days=1)
LENGTH = {"day": DAY, "week": 7 * DAY, "month": 30.44 * DAY, "year": 365.25 * DAY}
"""How long units last, on average."""
SEASONS = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "winter": (12, 2)}
"""First and last month of each, on the northern half of the world."""
MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
NAMED = 0.6
"""What is right outside a stretch of the calendar counts, against 1 inside."""
BEGINNING = 1900
"""The year in which open stretches begin ("before 2015")."""


@dataclass(frozen=True, slots=True)
class When:
    """A stretch of time with soft edges. Moments are timezone-aware."""

    start: datetime
    end: datetime
    """Not part of it any more."""
    label: str
    """For people: `2–8 years ago`, `March 2019`."""
    fade_before: timedelta
    """How far before `start` the weight has fallen to 37 % (1/e)."""
    fade_after: timedelta
    """The same after `end`."""
    edge: float = 1.0
    """The weight right outside. "Ago" is vague; "yesterday" is not the evening before."""

    def weight(self, date: datetime) -> float:
        """How well a moment fits: 1 inside, falling to 0 on both sides. `date` is timezone-aware."""
        if date < self.start:
            return self.edge * _fallen(self.start - date, self.fade_before)
        if date < self.end:
            return 1.0
        return self.edge * _fallen(date - self.end, self.fade_after)

    def since(self, now: datetime) -> When:
        """From its beginning until now."""
        end = max(now + DAY, self.start + DAY)
        return When(self.start, end, f"since {self.label}", self.fade_before, 30 * DAY)

    def after(self, now: datetime) -> When:
        """From its end until now."""
        end = max(now + DAY, self.end + DAY)
        return When(self.end, end, f"after {self.label}", self.fade_before, 30 * DAY)

    def before(self) -> When:
        """All that was before its beginning."""
        start = self.start.replace(year=BEGINNING, month=1, day=1)
        return When(start, self.start, f"before {self.label}", DAY, self.fade_after)

    def to(self, other: When) -> When:
        """From the beginning of this to the end of the other, whichever comes first."""
        first, last = sorted((self, other), key=lambda one: one.start)
        label = f"{first.label}–{last.label}"
        return replace(
            spanning(first.start, last.end, label), fade_before=first.fade_before, fade_after=last.fade_after
        )

    def labelled(self, label: str) -> When:
        """The same under another name."""
        return replace(self, label=label)


def _fallen(distance: timedelta, fade: timedelta) -> float:
    return math.exp(-distance / fade) if distance < 40 * fade else 0.0


def spanning(start: datetime, end: datetime, label: str) -> When:
    """A named stretch of the calendar. Outside it counts at most `NAMED`, and fades over half its length, at most over
    three months."""
    fade = min((end - start) / 2, 91 * DAY)
    return When(start, end, label, fade, fade, NAMED)


def midnight(moment: datetime) -> datetime:
    """The beginning of its day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def days(first: datetime, count: int, label: str) -> When:
    """Whole days from that of `first` on."""
    start = midnight(first)
    return spanning(start, start + count * DAY, label)


def day(year: int, month: int, of_month: int, now: datetime) -> When:
    """A day of the calendar. Raises `ValueError` when there is no such day."""
    start = midnight(now).replace(year=year, month=month, day=of_month)
    return spanning(start, start + DAY, f"{of_month} {MONTHS[month - 1]} {year}")


def month(year: int, number: int, now: datetime, last: int | None = None) -> When:
    """A month, or the months from `number` to `last`, which may lie in the next year."""
    start = midnight(now).replace(year=year, month=number, day=1)
    end = first_of_next(start.replace(month=last, year=year + (last < number)) if last else start)
    return spanning(start, end, f"{MONTHS[number - 1]} {year}")


def first_of_next(start: datetime) -> datetime:
    """The first day of the month after a first day of a month."""
    return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)


def year(number: int, now: datetime) -> When:
    """A year of the calendar."""
    start = midnight(now).replace(year=number, month=1, day=1)
    return spanning(start, start.replace(year=number + 1), str(number))


def season(name: str, of_year: int, now: datetime) -> When:
    """A season. "Winter 2019" is either of the two that 2019 has a part in, so it reaches from one to the other."""
    first, last = SEASONS[name]
    label = f"{name} {of_year}"
    if name != "winter":
        return month(of_year, first, now, last).labelled(label)
    return spanning(month(of_year - 1, 12, now).start, month(of_year + 1, 2, now).end, label)


def latest_month(number: int, now: datetime, over: bool = False) -> When:
    """The month of that name that began last; with `over`, that ended last."""
    found = month(now.year, number, now)
    passed = found.end <= now if over else found.start <= now
    return found if passed else month(now.year - 1, number, now)


def latest_season(name: str, now: datetime, over: bool = False) -> When:
    """The season of that name that began last; with `over`, that ended last."""
    first, last = SEASONS[name]
    for of_year in (now.year, now.year - 1, now.year - 2):
        found = month(of_year, first, now, last)
        if (found.end if over else found.start) <= now:
            break
    years = str(found.start.year) if name != "winter" else f"{found.start.year}–{found.end.year}"
    return found.labelled(f"{name} {years}")


def week(now: datetime, back: int = 0) -> When:
    """The week from Monday, `back` weeks before this one."""
    monday = midnight(now) - (now.weekday() + 7 * back) * DAY
    return days(monday, 7, {0: "this week", 1: "last week"}.get(back, f"{back} weeks ago"))


def weekend(now: datetime, back: int = 0) -> When:
    """Friday evening to Sunday; `back` 1 is the last one that is over."""
    begun = now.weekday() >= 5
    saturday = midnight(now) - ((now.weekday() + 2) % 7 + (7 if back and begun else 0)) * DAY
    label = f"weekend of {saturday.day} {MONTHS[saturday.month - 1]}"
    return spanning(saturday - DAY / 4, saturday + 2 * DAY, label)


def weekday(number: int, now: datetime, over: bool = True) -> When:
    """The latest day of that name, 0 for Monday; with `over`, before today."""
    back = (now.weekday() - number) % 7 or (7 if over else 0)
    found = midnight(now) - back * DAY
    return days(found, 1, f"{WEEKDAYS[number]} {found.day} {MONTHS[found.month - 1]}")


def ago(least: float, most: float, unit: str, now: datetime) -> When:
    """Between `least` and `most` units back. Those who say so mean more rather than less: it fades slowly backwards.

    A number of days (`least` equal to `most`) is that day; of longer units it is half a unit around it, or a sixth of
    the time when that is more, because memory blurs with distance.
    """
    exact = least == most
    label = f"{most:g} {unit}{'s' if most != 1 else ''} ago" if exact else f"{least:g}–{most:g} {unit}s ago"
    if exact and unit == "day":
        return days(now - most * DAY, 1, label)
    slack = max(0.5 * min(1.0, most), most / 6) if exact else 0.0
    width = LENGTH[unit]
    start, end = now - (most + slack) * width, now - (least - slack) * width
    if unit == "day":
        start, end = midnight(start), midnight(end) + DAY
    blur = (max(most / 4, 0.5) if exact else most) * width
    return When(start, end, label, blur, max(least / 4, 0.25) * width)


def past(units: float, unit: str, now: datetime, label: str) -> When:
    """The last so many units, up to now."""
    width = units * LENGTH[unit]
    return When(midnight(now - width), now + DAY, label, width / 2, DAY)
