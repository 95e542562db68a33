"""Whether a recording can be used as a prompt: what is wrong with it, in words for whoever recorded it."""

from __future__ import annotations

import difflib
import io
import struct
import wave
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from ari_app.speech.recorded_prompts import LARGEST_BYTES, SAFE_NAME
from ari_app.voice.loudness import clipped_share, loudness_dbfs
from ari_app.voice.pcm import FRAME_S, duration_s, frames, level_dbfs, pcm_of_wav, trimmed

SOFTEST_DBFS: Final = -45.0
"""Below this the noise of the recording would be heard once it is as loud as the other prompts."""

CLIPPED: Final = 0.005
LONGEST_S: Final = 30.0
SHORTEST_S: Final = 0.2
LONGEST_PAUSE_S: Final = 2.5
LOWEST_RATE: Final = 8_000

_SPOKEN_S: Final = {"zh": 0.25, "en": 0.075}
"""Seconds that a sign of a text takes when it is read unhurriedly."""


def recording_faults(data: bytes, words: str, language: str) -> list[str]:
    """What is wrong with the WAV file of a prompt that says ``words``; empty when it can be used."""
    if len(data) > LARGEST_BYTES:
        return [f"larger than {LARGEST_BYTES >> 20} MiB"]
    try:
        rate, width = _format(data)
        pcm = pcm_of_wav(data)
    except ValueError as error:
        return [f"wrong format: {error}; save it as WAV, PCM, 16 bits, 8000 Hz or more"]
    faults: list[str] = []
    if rate < LOWEST_RATE:
        faults.append(f"wrong format: {rate} Hz; record with 8000 Hz or more, 16000 is best")
    if width == 1:
        faults.append("wrong format: 8 bits a sample hiss; record with 16")
    spoken = trimmed(pcm)
    if not spoken:
        return [*faults, "silent"]
    return faults + _sound_faults(pcm, spoken, words, language)


def _sound_faults(pcm: bytes, spoken: bytes, words: str, language: str) -> list[str]:
    faults: list[str] = []
    seconds, level, clipped = duration_s(spoken), loudness_dbfs(spoken), clipped_share(pcm)
    expected = len(words) * _SPOKEN_S.get(language, 0.1)
    if level < SOFTEST_DBFS:
        faults.append(f"too quiet: {level:.0f} dBFS, at least {SOFTEST_DBFS:.0f} is wanted; record it louder")
    if clipped > CLIPPED:
        faults.append(f"clipped: {clipped:.1%} of it is cut off at full level; record it softer")
    if seconds > LONGEST_S:
        faults.append(f"too long: {seconds:.1f} s, at most {LONGEST_S:.0f}")
    elif seconds > 3.0 * expected + 3.0:
        faults.append(
            f"too long for its words: {seconds:.1f} s, about {expected:.0f} s expected; is it the right file?"
        )
    if seconds < max(SHORTEST_S, 0.25 * expected):
        faults.append(
            f"too short for its words: {seconds:.1f} s, about {expected:.0f} s expected; is it cut off?"
        )
    pause = longest_pause_s(spoken)
    if pause > LONGEST_PAUSE_S:
        faults.append(
            f"a pause of {pause:.1f} s, at most {LONGEST_PAUSE_S:.1f}; the customer would think the line dead"
        )
    return faults


def longest_pause_s(pcm: bytes) -> float:
    """The longest stretch more than 40 dB below the loudest 20 ms, in seconds."""
    levels = np.array([level_dbfs(frame) for frame in frames(pcm)])
    if not levels.size:
        return 0.0
    longest = run = 0
    for quiet in levels < levels.max() - 40.0:
        run = run + 1 if quiet else 0
        longest = max(longest, run)
    return longest * FRAME_S


def stray_files(folder: Path, known: Iterable[tuple[str, str]]) -> list[tuple[Path, str]]:
    """Files of the folder of recordings that no prompt uses, each with what to do about it."""
    ids = set(known)
    languages = sorted({language for language, _ in ids})
    found: list[tuple[Path, str]] = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name.startswith(".") or path.suffix.lower() in (".md", ".txt"):
            continue
        place = path.relative_to(folder).parts
        if len(place) != 2 or place[0] not in languages:
            found.append((path, f"not used: recordings lie in {' or '.join(f'{one}/' for one in languages)}"))
        elif path.suffix != ".wav":
            found.append((path, "not used: only PROMPT_ID.wav is looked for; save it as WAV"))
        elif not SAFE_NAME.fullmatch(path.stem) or (place[0], path.stem) not in ids:
            near = difflib.get_close_matches(path.stem, [name for _, name in sorted(ids)], n=2, cutoff=0.6)
            hint = f"; did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""
            found.append((path, f"not used: no flow has the prompt {path.stem[:100]}{hint}"))
    return found


def _format(data: bytes) -> tuple[int, int]:
    """Rate and bytes a sample; raises ValueError."""
    try:
        with wave.open(io.BytesIO(data), "rb") as reader:
            return reader.getframerate(), reader.getsampwidth()
    except (wave.Error, EOFError, RuntimeError, struct.error) as error:
        raise ValueError(f"not a WAV file of linear PCM ({str(error) or 'it ends too early'})") from None
