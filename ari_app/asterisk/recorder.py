"""Recordings with both sides apart, joined into one stereo file: left the customer, right the bot.

Asterisk's MixMonitor writes two mono files (``r()`` what came from the channel, ``t()`` what went to it) and fills in
their lengths when the channel ends. They are joined into ``ATTEMPT.wav``, which appears whole or not at all.
"""

from __future__ import annotations

import asyncio
import os
import re
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from ari_app.asterisk.stereo_wav import (
    HEADER_BYTES,
    Samples,
    Sound,
    read_wav,
    seconds_of_sound,
    stereo,
    wav_bytes,
)
from ari_app.errors import ConfigError, TelephonyError
from ari_app.ports import RecordingCheck

_ATTEMPT_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,78}[A-Za-z0-9])?")
_FOLDER = re.compile(r"/[A-Za-z0-9_./ -]*")
SIDES = ("customer", "bot")
_UNEVEN_S = 0.5
_SHORT_S, _SHORT_SHARE = 0.5, 0.01
"""A recording may be shorter than the call by this much and this share of it: clocks and the first packets."""
_POLL_SECONDS = 0.05
_EMPTY_SECONDS = 0.3
"""A file without any sound is taken as finished after this time; Asterisk fills in lengths as a channel closes."""
_OPEN_SECONDS = 5.0
"""A file whose length was never filled in (Asterisk was killed) is taken as it is after this time without growth."""


class AmiActions(Protocol):
    """What the recorder needs of AMI."""

    async def action(self, name: str, fields: Mapping[str, str] | None = None) -> dict[str, str]: ...


class MixMonitorRecorder:
    """Records over AMI into one folder. Implements :class:`ari_app.ports.Recorder`."""

    def __init__(self, ami: AmiActions, folder: Path, *, asterisk_folder: str | None = None) -> None:
        """:param folder: where the recordings are for this process.
        :param asterisk_folder: the same folder as Asterisk names it, where that differs (a container).
        """
        seen = asterisk_folder if asterisk_folder is not None else str(folder.absolute())
        if not _FOLDER.fullmatch(seen):
            raise ConfigError(
                f"recordings cannot go to {seen!r}: an absolute path of letters, digits, '_', '.', '-' and spaces"
            )
        self._ami = ami
        self._folder = folder
        self._asterisk_folder = seen.rstrip("/")

    def path(self, attempt_id: str) -> Path:
        """Where the finished recording of an attempt is, or will be."""
        return self._folder / f"{_checked(attempt_id)}.wav"

    async def start(self, channel_id: str, attempt_id: str) -> None:
        """Begin to record a channel, named by its id; sound of before the answer (early media) is recorded as well.

        :raises TelephonyError: Asterisk refused, cannot be reached, or did not answer.
        """
        stem = f"{self._asterisk_folder}/{_checked(attempt_id)}"
        options = f"r({stem}.customer.wav)t({stem}.bot.wav)"
        await self._ami.action("MixMonitor", {"Channel": channel_id, "Options": options})

    async def stop(self, channel_id: str) -> None:
        """End the recording of a channel that goes on; what was recorded so far stays, as evidence of the refusal.

        :raises TelephonyError: Asterisk refused, cannot be reached, or did not answer.
        """
        await self._ami.action("StopMixMonitor", {"Channel": channel_id})

    async def pause(self, channel_id: str) -> None:
        """Record silence on both sides from now on, so that the recording keeps the call's time.

        :raises TelephonyError: Asterisk refused, cannot be reached, or did not answer.
        """
        await self._mute(channel_id, "1")

    async def resume(self, channel_id: str) -> None:
        """Record both sides again.

        :raises TelephonyError: Asterisk refused, cannot be reached, or did not answer.
        """
        await self._mute(channel_id, "0")

    async def _mute(self, channel_id: str, state: str) -> None:
        await self._ami.action("MixMonitorMute", {"Channel": channel_id, "Direction": "both", "State": state})

    async def finish(self, attempt_id: str, talk_s: float | None = None) -> RecordingCheck | None:
        """Join the two sides once the channel is gone, and check them; None when nothing was recorded.

        Called again for a finished recording, it checks that one again.

        :param talk_s: seconds between answer and end; the recording, which begins before the answer, has them too as
            long as one of the two sides sends sound (Asterisk records no time in which neither does).

        :raises TelephonyError: a file is no WAV of Asterisk's.
        :raises OSError: it cannot be read or written (a full disk leaves the two sides as they are).
        """
        final = self.path(attempt_id)
        legs = [final.with_suffix(f".{side}.wav") for side in SIDES]
        sizes = await asyncio.to_thread(_sizes, legs)
        if not any(sizes):
            return await asyncio.to_thread(_check_existing, final, talk_s)
        await self._until_closed(legs)
        return await asyncio.to_thread(_join, final, legs, talk_s)

    async def _until_closed(self, legs: list[Path]) -> None:
        loop = asyncio.get_running_loop()
        sizes, since = await asyncio.to_thread(_sizes, legs), loop.time()
        while not await asyncio.to_thread(_closed, legs):
            idle = loop.time() - since
            if idle >= (_EMPTY_SECONDS if max(sizes) <= HEADER_BYTES else _OPEN_SECONDS):
                return
            await asyncio.sleep(_POLL_SECONDS)
            before, sizes = sizes, await asyncio.to_thread(_sizes, legs)
            if sizes != before:
                since = loop.time()


def _checked(attempt_id: str) -> str:
    if not _ATTEMPT_ID.fullmatch(attempt_id):
        raise ValueError(f"not an attempt id: {attempt_id[:80]!r}")
    return attempt_id


def _sizes(paths: list[Path]) -> list[int]:
    return [path.stat().st_size if path.exists() else 0 for path in paths]


def _closed(legs: list[Path]) -> bool:
    """Whether every leg that exists says in its header how much sound it holds, and holds it."""
    for leg in legs:
        if leg.exists():
            with leg.open("rb") as file:
                header = file.read(HEADER_BYTES)
            length = struct.unpack_from("<I", header, 40)[0] if len(header) == HEADER_BYTES else 0
            if length == 0 or leg.stat().st_size < HEADER_BYTES + length:
                return False
    return True


def _join(final: Path, legs: list[Path], talk_s: float | None) -> RecordingCheck | None:
    sounds = [read_wav(leg) if leg.exists() else None for leg in legs]
    rates = {sound.rate for sound in sounds if sound is not None}
    if len(rates) != 1:
        raise TelephonyError(f"the two sides of {final.name} have different sample rates")
    rate = rates.pop()
    nothing: Samples = np.zeros(0, dtype=np.int16)
    customer, bot = (nothing if sound is None else sound.samples for sound in sounds)
    check: RecordingCheck | None = None
    if len(customer) or len(bot):
        joined = stereo(customer, bot)
        temporary = final.with_name(f".{final.name}.new")
        try:
            with temporary.open("wb") as file:
                file.write(wav_bytes(joined, rate))
                file.flush()
                os.fsync(file.fileno())  # the two sides are deleted below
            temporary.replace(final)
        finally:
            temporary.unlink(missing_ok=True)
        faults = _missing_legs(legs) or _uneven(customer, bot, rate)
        check = _check(final, Sound(rate, joined), talk_s, faults)
    for leg in legs:
        leg.unlink(missing_ok=True)
    return check


def _missing_legs(legs: list[Path]) -> list[str]:
    return [f"{side} leg missing" for side, leg in zip(SIDES, legs, strict=True) if not leg.exists()]


def _uneven(customer: Samples, bot: Samples, rate: int) -> list[str]:
    """The sides are written together; one that is shorter lost sound, or the other was cut off."""
    apart = abs(len(customer) - len(bot)) / rate
    if apart <= _UNEVEN_S:
        return []
    return [
        f"{SIDES[0] if len(customer) < len(bot) else SIDES[1]} leg shorter than the other by {apart:.1f} s"
    ]


def _check(path: Path, sound: Sound, talk_s: float | None, faults: Sequence[str] = ()) -> RecordingCheck:
    seconds = len(sound.samples) / sound.rate
    loud = [seconds_of_sound(sound.samples[:, place], sound.rate) for place in range(2)]
    warnings = list(faults)
    warnings += [
        f"{side} leg silent"
        for side, heard in zip(SIDES, loud, strict=True)
        if heard == 0.0 and f"{side} leg missing" not in faults
    ]
    if talk_s is not None and seconds < talk_s - _SHORT_S - _SHORT_SHARE * talk_s:
        warnings.append(f"shorter than the call by {talk_s - seconds:.1f} s")
    return RecordingCheck(str(path), seconds, loud[0], loud[1], tuple(warnings))


def _check_existing(final: Path, talk_s: float | None) -> RecordingCheck | None:
    if not final.exists():
        return None
    sound = read_wav(final)
    if sound.samples.ndim != 2:
        raise TelephonyError(f"{final.name} is not a stereo recording")
    return _check(final, sound, talk_s)
