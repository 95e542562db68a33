"""The call progress tones of a country, as values (ITU-T E.180 and its supplement 2, GB/T 3380)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SIGNALS: Final = (
    "ringback",
    "busy",
    "congestion",
    "unobtainable",
    "call_waiting",
    "dial",
    "special_dial",
    "howler",
)
"""Everything a tone can mean; the order of a file decides where two sound alike."""

DEFAULT: Final = "default"
"""The plan of every country that has none of its own."""

_LINE_HZ: Final = 27.0
"""How far a frequency may be off: 25 Hz (E.180), and what the analysis adds."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Frequencies that sound together, or one or two anywhere in ``band`` (Hz, from and to)."""

    hz: tuple[float, ...] = ()
    band: tuple[float, float] | None = None

    def ranges(self) -> tuple[tuple[float, float], ...]:
        """Where its energy lies."""
        if self.band is not None:
            return (self.band,)
        return tuple((hz - _LINE_HZ, hz + _LINE_HZ) for hz in self.hz)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A signal: what sounds, and seconds on, off, on, off ... over and over (empty: without a pause)."""

    signal: str
    sound: Sound
    cadence: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class TonePlan:
    """The patterns of a country, or of two that a call passes."""

    patterns: tuple[Pattern, ...]

    def joined(self, other: TonePlan) -> TonePlan:
        """Both; where they contradict each other this one counts."""
        return TonePlan(tuple(dict.fromkeys((*self.patterns, *other.patterns))))


@dataclass(frozen=True, slots=True)
class TonePlans:
    """The plans of all countries; :data:`DEFAULT` is among them."""

    countries: Mapping[str, TonePlan]

    def of(self, *countries: str | None) -> TonePlan:
        """The plan for a call to the first country over a trunk in the second; the default where none is known."""
        known = [self.countries[name] for name in dict.fromkeys(countries) if name and name in self.countries]
        if not known:
            return self.countries[DEFAULT]
        plan = known[0]
        for other in known[1:]:
            plan = plan.joined(other)
        return plan
