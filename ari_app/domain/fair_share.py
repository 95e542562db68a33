"""Fair shares: who of several campaigns may start the next call, by what each has had in proportion to its weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FairShares:
    """``had`` starts of each campaign, divided by its weight; a value that is replaced, never changed.

    A campaign that has nothing to do gathers no claims meanwhile (:meth:`idle`), and one that comes new begins beside the
    one furthest behind.
    """

    had: Mapping[str, float] = field(default_factory=dict)

    def among(self, campaigns: Iterable[str]) -> FairShares:
        """With exactly these campaigns: new ones beside the one furthest behind, gone ones forgotten."""
        names = list(campaigns)
        least = min((self.had[name] for name in names if name in self.had), default=0.0)
        return FairShares({name: self.had.get(name, least) - least for name in names})

    def idle(self, name: str) -> FairShares:
        """A campaign has nothing more to start now: it keeps no claim on what the others start meanwhile."""
        least = min((had for other, had in self.had.items() if other != name), default=0.0)
        return FairShares({**self.had, name: max(self.had.get(name, 0.0), least)})

    def share_out(self, room: int, wants: Mapping[str, int], weights: Mapping[str, int]) -> Counter[str]:
        """Who gets how many of ``room`` starts, one after the other to the one furthest behind who wants more.

        :param wants: the most that each may start now; :param weights: 1 or more of each.
        """
        had = {name: self.had.get(name, 0.0) for name in wants}
        given: Counter[str] = Counter()
        hungry = [name for name, most in wants.items() if most > 0]
        for _ in range(room):
            if not hungry:
                break
            name = min(hungry, key=lambda each: (had[each], each))
            given[name] += 1
            had[name] += 1.0 / weights[name]
            if given[name] >= wants[name]:
                hungry.remove(name)
        return given

    def served(self, name: str, starts: int, weight: int) -> FairShares:
        """After ``starts`` calls of a campaign."""
        return FairShares({**self.had, name: self.had.get(name, 0.0) + starts / weight})
