"""The account of one engine: how many utterances, how many faults, how fast, and a rest after several faults in a row."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from typing import Final

from ari_app.ports import RESULT_BUCKETS_S, EngineHealth, EngineState

FAULTS_BEFORE_REST: Final = 3
REST_S: Final = 30.0
_KEPT: Final = 256


class EngineAccount:
    """A circuit breaker and its figures. Time is an argument, in seconds of one monotonic clock.

    After ``FAULTS_BEFORE_REST`` failures or time-outs in a row the engine rests for ``REST_S``. Then one utterance is
    let through: if it goes well the engine is ready again, if not it rests once more. The faults of the utterances that
    were under way when the rest began do not lengthen it.
    """

    def __init__(self, name: str, *, faults: int = FAULTS_BEFORE_REST, rest_s: float = REST_S) -> None:
        self.name = name
        self.utterances = 0
        self.failures = 0
        self.timeouts = 0
        self.rests = 0
        self._faults_before_rest = faults
        self._rest_s = rest_s
        self._in_a_row = 0
        self._rests_until: float | None = None
        self._trial_until: float | None = None
        self._took_s: deque[float] = deque(maxlen=_KEPT)
        self._took_counts = [0] * (len(RESULT_BUCKETS_S) + 1)
        self._took_sum_s = 0.0

    def willing(self, now: float) -> bool:
        """Whether the engine gets the next utterance; reserves the one trial after a rest."""
        if self.resting(now):
            return False
        if self._rests_until is not None:
            # A trial that nobody reports on (an utterance that was cancelled) does not keep the engine out for ever.
            self._trial_until = now + self._rest_s
        return True

    def succeeded(self, took_s: float) -> None:
        """A final result came."""
        self.utterances += 1
        self._took_s.append(took_s)
        self._took_counts[bisect_left(RESULT_BUCKETS_S, took_s)] += 1
        self._took_sum_s += took_s
        self._heard_from()

    def partial_succeeded(self) -> None:
        """A partial result came: the engine lives."""
        self._heard_from()

    def failed(self, now: float) -> None:
        """A final result did not come: an error."""
        self.utterances += 1
        self.failures += 1
        self._fault(now)

    def timed_out(self, now: float) -> None:
        """A final result did not come in time."""
        self.utterances += 1
        self.timeouts += 1
        self._fault(now)

    def resting(self, now: float) -> bool:
        """Whether the engine is left alone; unlike ``willing`` this reserves nothing."""
        return self._rests_until is not None and (
            now < self._rests_until or (self._trial_until is not None and now < self._trial_until)
        )

    def health(self, now: float, *, usable: bool = True) -> EngineHealth:
        """The figures now."""
        took = sorted(self._took_s)
        resting = self._rests_until is not None and now < self._rests_until
        state = EngineState.UNUSABLE if not usable else EngineState.RESTING if resting else EngineState.READY
        return EngineHealth(
            self.name,
            state,
            self.utterances,
            self.failures,
            self.timeouts,
            1e3 * sum(took) / len(took) if took else 0.0,
            1e3 * took[min(len(took) - 1, int(0.95 * len(took)))] if took else 0.0,
            tuple(self._took_counts),
            self._took_sum_s,
        )

    def _heard_from(self) -> None:
        self._in_a_row = 0
        self._rests_until = self._trial_until = None

    def _fault(self, now: float) -> None:
        self._in_a_row += 1
        if self._rests_until is not None and now < self._rests_until:
            return
        if self._in_a_row >= self._faults_before_rest:
            self._rests_until, self._trial_until = now + self._rest_s, None
            self.rests += 1
