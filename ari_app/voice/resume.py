"""Where an interrupted prompt goes on: at the beginning of the word in which it stopped, as far as that can be heard.

Nothing is left out, and no more than about a word is said twice.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ari_app.voice.pcm import SAMPLE_RATE, to_samples

LOOK_BACK_S: Final = 0.5
"""No pause that lies further back is gone to: more than a word would be said again."""
PAUSE_S: Final = 0.06
"""The shortest quiet that separates words; shorter ones are the closures inside them (the t of "sixteen")."""
STEP_BACK_S: Final = 0.3
"""About a syllable: at most so much is repeated where there is no pause ..."""
LEAST_BACK_S: Final = 0.1
"""... and at least this, from the softest moment between: words meet there more often than elsewhere."""
LEAD_S: Final = 0.02
"""Of the pause itself, this much is played, so that no onset is cut."""
_HOP: Final = SAMPLE_RATE // 100
_UNDER_PEAK: Final = 1e-4
"""Quiet: 40 dB below the loudest 10 ms of the last seconds."""
_QUIET_POWER: Final = 32_768.0**2 * 10.0 ** (-60 / 10)
"""Quiet in any case: below -60 dBFS."""


def resume_point(pcm: bytes, played_s: float) -> float:
    """Seconds from the start of a prompt (slin16) at which to go on when it was stopped after ``played_s``.

    The end of the last pause within ``LOOK_BACK_S``, ``played_s`` itself when it stopped inside a pause; without a pause
    the softest moment ``LEAST_BACK_S`` to ``STEP_BACK_S`` earlier. Never later than ``played_s`` or than the end, never
    before the start.
    """
    length_s = len(pcm) // 2 / SAMPLE_RATE
    stopped_s = min(max(0.0, played_s), length_s)
    first = max(0, round((stopped_s - LOOK_BACK_S) * SAMPLE_RATE))
    samples = to_samples(pcm[2 * first : 2 * round(stopped_s * SAMPLE_RATE)]).astype(np.float32)
    # Whole hops are counted from the stop backwards: what was heard last decides.
    whole = samples[samples.size % _HOP :].reshape(-1, _HOP)
    if whole.size:
        power = np.einsum("ij,ij->i", whole, whole) / np.float32(_HOP)
        quiet = power <= max(_QUIET_POWER, float(power.max()) * _UNDER_PEAK)
        needed = round(PAUSE_S * SAMPLE_RATE / _HOP)
        run = 0
        for back in range(quiet.size - 1, -1, -1):
            run = run + 1 if quiet[back] else 0
            if run == needed:
                after = int(quiet.size) - (back + needed)  # hops between the end of this pause and the stop
                return max(0.0, stopped_s - after * _HOP / SAMPLE_RATE - (LEAD_S if after else 0.0))
        soft = power[-round(STEP_BACK_S * SAMPLE_RATE / _HOP) : -round(LEAST_BACK_S * SAMPLE_RATE / _HOP)]
        if soft.size:
            # The last of the softest: the less is said twice.
            after = round(LEAST_BACK_S * SAMPLE_RATE / _HOP) + int(np.argmin(soft[::-1])) + 1
            return max(0.0, stopped_s - after * _HOP / SAMPLE_RATE)
    return max(0.0, stopped_s - STEP_BACK_S)
