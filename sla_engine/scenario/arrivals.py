"""When people come: more of them at ten than at four, on Mondays, and before Christmas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from sla_engine.limits import HOUR_MS

#: Weight of each hour of the day, by the people's own clock: midnight to noon, noon to midnight.
OFFICE: Final = (
    *(1, 1, 1, 1, 1, 2, 8, 30, 70, 95, 100, 90),
    *(60, 75, 85, 80, 65, 40, 15, 8, 5, 4, 2, 1),
)
HOME: Final = (
    *(8, 4, 2, 1, 1, 2, 8, 25, 45, 60, 65, 65),
    *(70, 60, 55, 60, 70, 80, 90, 100, 95, 75, 45, 20),
)


@dataclass(frozen=True)
class Rhythm:
    """How the hours of a day, the days of a week and parts of a year differ.

    `season` has months ("12") and dates ("11-27") with a factor; a date counts before its month.
    """

    hours: tuple[int, ...] = OFFICE
    weekdays: tuple[float, ...] = (1.25, 1.05, 1.0, 1.0, 0.85, 0.1, 0.08)
    season: Mapping[str, float] = field(default_factory=dict)

    def weight(self, local: datetime) -> float:
        """How many come in this hour, against others."""
        date = f"{local:%m-%d}"
        season = self.season.get(date, self.season.get(date[:2], 1.0))
        return self.hours[local.hour] * self.weekdays[local.weekday()] * season


class Arrivals:
    """Instants at which people in one zone come, between two instants."""

    def __init__(self, rhythm: Rhythm, zone: str, start_ms: int, end_ms: int) -> None:
        local = ZoneInfo(zone)
        self._end_ms = end_ms
        self._hours = range(start_ms, end_ms, HOUR_MS)
        self._weights = list(
            accumulate(
                rhythm.weight(datetime.fromtimestamp(hour / 1000, local))
                * (min(hour + HOUR_MS, end_ms) - hour)
                for hour in self._hours
            )
        )

    def draw(self, random: Random) -> int:
        """One of them."""
        hour = random.choices(self._hours, cum_weights=self._weights)[0]
        return hour + random.randrange(min(HOUR_MS, self._end_ms - hour))
