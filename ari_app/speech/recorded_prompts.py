"""Prompts that a person has recorded: ``<folder>/<language>/<prompt_id>.wav``, linear PCM in any rate.

The folder is looked at before each call is dialled, so a new or changed file counts from the next call on. A call that is
talking keeps what it has: a file that is removed or spoilt meanwhile does not take its words away.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ari_app.errors import SpeechError
from ari_app.speech.rendering import finished
from ari_app.speech.sound_store import SoundStore
from ari_app.voice.pcm import pcm_of_wav

SAFE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""Names come from flows that people write: nothing that could lead out of the folder is looked up."""

LARGEST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Recording:
    """A file of the folder. ``key`` changes with its content."""

    path: Path
    modified_ns: int
    size: int

    @property
    def key(self) -> str:
        return f"{self.path}|{self.modified_ns}|{self.size}"


class RecordedPrompts:
    """The recordings of a folder, levelled like every other prompt and kept in ``store``'s memory."""

    def __init__(self, folder: Path | None, store: SoundStore, level_dbfs: float) -> None:
        self._folder = folder
        self._store = store
        self._level_dbfs = level_dbfs
        self._found: dict[tuple[str, str], Recording] = {}
        self._good: dict[tuple[str, str], Recording] = {}

    async def refresh(self) -> None:
        """Look at the folder."""
        if self._folder is not None:
            self._found = await asyncio.to_thread(recordings_of, self._folder)

    def has(self, language: str, prompt_id: str) -> bool:
        """Whether there was a recording when the folder was last looked at."""
        return (language, prompt_id) in self._found

    async def check(self, language: str, prompt_id: str) -> None:
        """Load a recording before the call; raises SpeechError when it cannot be used."""
        name = (language, prompt_id)
        recording = self._found.get(name)
        if recording is None:
            self._good.pop(name, None)
            return
        await self._sound(recording, prompt_id)
        self._good[name] = recording

    def ready(self, language: str, prompt_id: str) -> bytes | None:
        """The sound of a recording that was good, if it is in memory."""
        recording = self._good.get((language, prompt_id))
        return None if recording is None else self._store.kept(recording.key)

    async def sound(self, language: str, prompt_id: str) -> bytes | None:
        """The sound of a recording that was good, or is; None where a voice must speak instead."""
        recording = self._good.get((language, prompt_id)) or self._found.get((language, prompt_id))
        if recording is None:
            return None
        try:
            return await self._sound(recording, prompt_id)
        except SpeechError:
            return None

    async def _sound(self, recording: Recording, prompt_id: str) -> bytes:
        kept = self._store.kept(recording.key)
        if kept is not None:
            return kept
        name = recording.path.name
        if recording.size > LARGEST_BYTES:
            raise SpeechError(
                f"prompt {prompt_id!r}: recorded prompt {name}: larger than {LARGEST_BYTES >> 20} MiB"
            )
        try:
            pcm = await asyncio.to_thread(lambda: self._finished(recording.path.read_bytes()))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise SpeechError(f"prompt {prompt_id!r}: recorded prompt {name}: {reason}") from None
        if not pcm:
            raise SpeechError(f"prompt {prompt_id!r}: recorded prompt {name} is silent")
        self._store.keep(recording.key, pcm)
        return pcm

    def _finished(self, data: bytes) -> bytes:
        return finished(pcm_of_wav(data), self._level_dbfs)


def recordings_of(folder: Path) -> dict[tuple[str, str], Recording]:
    """Every recording of a folder by language and prompt id; what is not one is passed over."""
    found: dict[tuple[str, str], Recording] = {}
    for path in sorted(folder.glob("*/*.wav")):
        if not SAFE_NAME.fullmatch(path.stem):
            continue
        try:
            state = path.stat()
        except OSError:
            continue
        found[path.parent.name, path.stem] = Recording(path, state.st_mtime_ns, state.st_size)
    return found
