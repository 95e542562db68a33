"""Sounds of one who listens, known again by how they begin.

Who says "uh-huh" once in a call says it again, and it sounds alike. So the sounds over a prompt that turned out to be
nothing are kept as they went, and a new one is compared with them from its first frame on: as long as it goes as one of
them went, the prompt goes on; where it begins to differ, it is something else, and the prompt stops. Template matching on
the envelope of the spectrum, as the first word recognisers did, over tenths of a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from ari_app.voice.pcm import Floats

LIKE: Final = 0.65
"""Root mean square distance of two shapes (nepers, over the bands) under which sounds are alike: of one voice's
"uh-huh" at other speeds, pitches and levels five in six stay under it, of its answers one in twenty after 0.2 s."""
SLACK_FRAMES: Final = 4
"""A repetition may be so much ahead or behind: 80 ms."""
LONGEST_FRAMES: Final = 40
"""No more of a sound is kept: 0.8 s, longer than any back-channel."""
MOST_KNOWN: Final = 6
"""A listener has few such words; the oldest is forgotten."""
FEWEST_FRAMES: Final = 3
"""Less of a sound tells nothing."""
_FAR: Final = 3.0
"""Where one sounds and the other is silent."""


class Trail:
    """How one sound over a prompt went, frame by frame, and how far that is from each of the sounds it may be like."""

    def __init__(self, known: Floats | None = None) -> None:
        """:param known: sounds x frames x bands, NaN where a sound was silent."""
        self.frames: list[Callable[[], Floats] | None] = []
        self._known = known
        self._distance: Floats | None = None
        self._voiced = 0

    @property
    def full(self) -> bool:
        """Whether no more of the sound is kept."""
        return len(self.frames) >= LONGEST_FRAMES

    def shapes(self) -> list[Floats | None]:
        """The shape of each frame; None: it was not voiced."""
        return [None if frame is None else frame() for frame in self.frames]

    def add(self, shape: Callable[[], Floats] | None) -> None:
        """The next frame; None: it was not voiced. Its shape is asked for only if there is something to compare it with."""
        place = len(self.frames)
        if place >= LONGEST_FRAMES:
            return
        self.frames.append(shape)
        known = self._known
        if shape is None or known is None:
            return
        self._voiced += 1
        middle = min(place, known.shape[1] - 1)
        near = known[:, max(0, middle - SLACK_FRAMES) : middle + SLACK_FRAMES + 1]
        apart = np.sqrt(np.square(near - shape()).mean(axis=2))
        nearest = np.where(np.isnan(apart), _FAR, apart).min(axis=1)
        self._distance = nearest if self._distance is None else self._distance + nearest

    @property
    def familiar(self) -> int | None:
        """Which of the known sounds it is like so far; None: none of them."""
        if self._distance is None:
            return None
        nearest = int(self._distance.argmin())
        return nearest if float(self._distance[nearest]) < LIKE * self._voiced else None


@dataclass(slots=True)
class _Known:
    shapes: tuple[Floats | None, ...]
    surely: bool


class Familiar:
    """What one customer says while he listens; lives as long as the call.

    A back-channel that was recognised as one is known at once. Another sound that was nothing may be a word that was not
    understood, which its speaker will say again, so it must have been heard twice; once from one who is known to say
    such things.
    """

    def __init__(self) -> None:
        self._known: list[_Known] = []
        self._before: list[_Known] = []

    def trail(self) -> Trail:
        """For a sound that begins now."""
        return Trail(_stacked([each for each in self._known if each.surely]))

    def learn(self, sound: Trail, *, surely: bool) -> None:
        """This sound turned out to be nothing; ``surely``: a back-channel was recognised in it."""
        self._before = list(self._known)
        shapes = sound.shapes()
        voiced = [place for place, shape in enumerate(shapes) if shape is not None]
        if len(voiced) < FEWEST_FRAMES:
            return
        twin = self._like(shapes)
        others = [each for place, each in enumerate(self._known) if place != twin]
        surely = surely or twin is not None or any(each.surely for each in self._known)
        self._known = [*others, _Known(tuple(shapes[: voiced[-1] + 1]), surely)][-MOST_KNOWN:]

    def unlearn(self) -> None:
        """The last lesson was wrong: it was the first half of something."""
        self._known = self._before

    def forget(self, sound: Trail) -> None:
        """This sound was an interruption: what it is like means nothing any more."""
        twin = self._like(sound.shapes()) if self._known else None
        if twin is not None:
            del self._known[twin]

    def _like(self, shapes: Sequence[Floats | None]) -> int | None:
        again = Trail(_stacked(self._known))
        for shape in shapes:
            again.add(None if shape is None else partial(_same, shape))
        return again.familiar


def _same(shape: Floats) -> Floats:
    return shape


def _stacked(known: list[_Known]) -> Floats | None:
    """Sounds x frames x bands; shorter ones are filled up with their last frame, silent frames are NaN."""
    if not known:
        return None
    longest = max(len(each.shapes) for each in known)
    bands = next(shape.size for each in known for shape in each.shapes if shape is not None)
    stacked = np.full((len(known), longest, bands), np.nan, dtype=np.float32)
    for rows, each in zip(stacked, known, strict=True):
        for place in range(longest):
            shape = each.shapes[min(place, len(each.shapes) - 1)]
            if shape is not None:
                rows[place] = shape
    return stacked
