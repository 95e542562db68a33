"""Where simulated customers live, by the country of a rule pack: regions, time zones, numbers that nobody has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """``prefix``: how numbers of the place begin, in E.164; ``timezone`` where its people live."""

    region: str
    timezone: str
    prefix: str
    weight: float


@dataclass(frozen=True, slots=True)
class World:
    """A country. ``digits`` follow a place's prefix; ``zone`` is the campaign's own, ``caller_id`` what
    is shown where a strategy names none.
    """

    country: str
    language: str
    currency: str
    zone: str
    digits: int
    caller_id: str
    places: tuple[Place, ...]


#: The range +86 12 belongs to no operator, so that no simulated number is anybody's.
_CHINA = World(
    "CN",
    "zh",
    "CNY",
    "Asia/Shanghai",
    8,
    "+861065551234",
    (
        Place("east", "Asia/Shanghai", "+86121", 38),
        Place("south", "Asia/Shanghai", "+86122", 27),
        Place("north", "Asia/Shanghai", "+86123", 22),
        Place("west", "Asia/Shanghai", "+86124", 9),
        # People there live by a clock of their own; the network's numbers do not tell.
        Place("west", "Asia/Urumqi", "+86125", 4),
    ),
)


def _us(region: str, timezone: str, area: str, weight: float) -> Place:
    # 555 is the exchange of directory services in every area of the North American Numbering Plan.
    return Place(region, timezone, f"+1{area}555", weight)


_USA = World(
    "US",
    "en",
    "USD",
    "America/New_York",
    4,
    "+12125550100",
    (
        _us("northeast", "America/New_York", "212", 5),
        _us("northeast", "America/New_York", "718", 4),
        _us("northeast", "America/New_York", "617", 4),
        _us("northeast", "America/New_York", "215", 4),
        _us("northeast", "America/New_York", "585", 3),
        _us("south", "America/New_York", "404", 5),
        _us("south", "America/New_York", "305", 5),
        _us("south", "America/New_York", "704", 4),
        _us("south", "America/New_York", "757", 3),
        _us("south", "America/Chicago", "512", 5),
        _us("south", "America/Chicago", "713", 5),
        _us("south", "America/Chicago", "615", 4),
        _us("south", "America/Chicago", "504", 3),
        _us("midwest", "America/Chicago", "312", 5),
        _us("midwest", "America/Chicago", "612", 4),
        _us("midwest", "America/Chicago", "314", 3),
        _us("midwest", "America/Detroit", "313", 4),
        _us("midwest", "America/New_York", "614", 4),
        _us("mountain", "America/Denver", "303", 4),
        _us("mountain", "America/Denver", "801", 3),
        _us("mountain", "America/Phoenix", "602", 4),
        _us("pacific", "America/Los_Angeles", "213", 5),
        _us("pacific", "America/Los_Angeles", "415", 4),
        _us("pacific", "America/Los_Angeles", "206", 4),
        _us("pacific", "America/Los_Angeles", "503", 3),
        _us("pacific", "Pacific/Honolulu", "808", 2),
        _us("pacific", "America/Anchorage", "907", 1),
    ),
)

WORLDS: Mapping[str, World] = {world.country: world for world in (_CHINA, _USA)}


def world_of(country: str) -> World:
    """The world of a country (ISO 3166-1); China's for one that is not simulated yet."""
    return WORLDS.get(country, _CHINA)
