"""Rendered prompts, content-addressed: first audio within one frame of a decision needs them ready before dialling.

A fragment becomes sound from, in this order: a recorded prompt of its id, the memory, the files, the voices. Personal
fragments are kept in a folder of their own, so that they can be removed earlier, and no online voice gets them unless
the configuration allows it.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ari_app.dialogue.model import Fragment
from ari_app.errors import SpeechError
from ari_app.ports import Voice
from ari_app.speech.rendering import finished, speakable
from ari_app.voice.pcm import pcm_of_wav, silence, wav_bytes

RENDERING: Final = "1"
"""Changes when the way that sound is finished changes, so that old files are not used."""

_SAFE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_SENTENCE_ENDS: Final = "。！？.!?"
_CLAUSE_ENDS: Final = "，、；：,;:"


@dataclass(frozen=True, slots=True)
class PromptSettings:
    """``memory_bytes`` bounds the sound kept in memory; ``voice_retry_s`` is how long an online voice that
    failed is left alone.

    Gaps are the silence after a fragment: inside a sentence, after a comma, after a full stop. ``personal_online``
    lets online voices have personal fragments. At most ``concurrency`` fragments are rendered at a time.
    """

    level_dbfs: float = -20.0
    memory_bytes: int = 64 * 1024 * 1024
    voice_retry_s: float = 60.0
    personal_online: bool = False
    gap_s: float = 0.06
    clause_gap_s: float = 0.16
    sentence_gap_s: float = 0.3
    concurrency: int = 4


@dataclass(slots=True)
class PromptCounters:
    """What the cache did."""

    from_memory: int = 0
    from_files: int = 0
    rendered: int = 0
    voice_failures: int = 0
    write_failures: int = 0
    damaged_files: int = 0
    evicted: int = 0


class PromptCache:
    """The Prompts of the product. ``voices`` are asked in order; ``recordings`` is the folder of recorded prompts.

    Recorded prompts lie at ``<recordings>/<language>/<prompt_id>.wav`` in any rate; a changed file counts at once.
    """

    def __init__(
        self,
        directory: Path,
        voices: Sequence[Voice],
        *,
        recordings: Path | None = None,
        settings: PromptSettings | None = None,
    ) -> None:
        self.settings = settings or PromptSettings()
        self.counters = PromptCounters()
        self._directory = directory
        self._voices = tuple(voices)
        self._recordings = recordings
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._memory_size = 0
        self._rendering: dict[str, asyncio.Task[bytes]] = {}
        self._slots = asyncio.Semaphore(self.settings.concurrency)
        self._failed_at: dict[str, float] = {}

    async def prepare(self, fragments: Iterable[Fragment]) -> None:
        """Render what is not there yet; raises SpeechError naming the prompt id of a fragment that cannot be had."""
        wanted = dict.fromkeys(fragments)
        results = await asyncio.gather(
            *(self._sound(fragment, any_voice=False) for fragment in wanted), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def pcm(self, fragments: Sequence[Fragment]) -> bytes:
        """slin16 sound of the fragments with natural gaps between them; raises SpeechError like ``prepare``."""
        parts: list[bytes] = []
        for position, fragment in enumerate(fragments):
            if position:
                parts.append(silence(self._gap_after(fragments[position - 1])))
            parts.append(await self._sound(fragment, any_voice=True))
        return b"".join(parts)

    async def purge(self, older_than_s: float, now: float, *, personal_only: bool = True) -> int:
        """Remove files last written ``older_than_s`` before ``now`` (Unix seconds), and forget the memory.

        Returns how many files went.
        """
        self._memory.clear()
        self._memory_size = 0
        return await asyncio.to_thread(self._remove_old, now - older_than_s, personal_only)

    async def close(self) -> None:
        """End rendering that nobody waits for any more."""
        tasks = list(self._rendering.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---------------------------------------------------------------------------------------------- one fragment

    async def _sound(self, fragment: Fragment, *, any_voice: bool) -> bytes:
        recorded = await self._recorded(fragment)
        if recorded is not None:
            return recorded
        voices = [voice for voice in self._voices if self._may_speak(voice, fragment)]
        if not voices:
            raise SpeechError(f"prompt {_label(fragment)}: no voice may or can speak {fragment.language!r}")
        if any_voice:
            for voice in voices:
                found = await self._cached(voice, fragment)
                if found is not None:
                    return found
        problems: list[str] = []
        for voice in self._willing(voices):
            found = await self._cached(voice, fragment)
            if found is not None:
                return found
            try:
                return await self._rendered(voice, fragment)
            except SpeechError as error:
                problems.append(str(error))
        raise SpeechError(f"prompt {_label(fragment)} cannot be rendered: {'; '.join(problems)}")

    def _may_speak(self, voice: Voice, fragment: Fragment) -> bool:
        if voice.online and fragment.personal and not self.settings.personal_online:
            return False
        return voice.supports(fragment.language)

    def _willing(self, voices: Sequence[Voice]) -> Sequence[Voice]:
        """Without online voices that have failed just now; all of them when every one has."""
        earliest = asyncio.get_running_loop().time() - self.settings.voice_retry_s
        rested = [voice for voice in voices if self._failed_at.get(voice.name, earliest) <= earliest]
        return rested or voices

    async def _recorded(self, fragment: Fragment) -> bytes | None:
        if self._recordings is None or not fragment.prompt_id:
            return None
        # Names come from flows that people write: nothing that could lead out of the folder is looked up.
        if not (_SAFE_NAME.fullmatch(fragment.prompt_id) and _SAFE_NAME.fullmatch(fragment.language)):
            return None
        path = self._recordings / fragment.language / f"{fragment.prompt_id}.wav"
        try:
            state = await asyncio.to_thread(path.stat)
        except OSError:
            return None
        key = f"{path}|{state.st_mtime_ns}|{state.st_size}"
        kept = self._from_memory(key)
        if kept is not None:
            return kept
        try:
            data = await asyncio.to_thread(path.read_bytes)
            pcm = await asyncio.to_thread(lambda: finished(pcm_of_wav(data), self.settings.level_dbfs))
        except (OSError, ValueError) as error:
            raise SpeechError(f"prompt {_label(fragment)}: recorded prompt {path.name}: {error}") from None
        if not pcm:
            raise SpeechError(f"prompt {_label(fragment)}: recorded prompt {path.name} is silent")
        self._remember(key, pcm)
        return pcm

    async def _cached(self, voice: Voice, fragment: Fragment) -> bytes | None:
        key = self._key(voice, fragment)
        kept = self._from_memory(key)
        if kept is not None:
            return kept
        path = self._path(key, fragment)
        try:
            data = await asyncio.to_thread(path.read_bytes)
        except OSError:
            return None
        try:
            pcm = pcm_of_wav(data)
        except ValueError:
            pcm = b""
        if not pcm or data != wav_bytes(pcm):
            self.counters.damaged_files += 1
            return None
        self.counters.from_files += 1
        self._remember(key, pcm)
        return pcm

    async def _rendered(self, voice: Voice, fragment: Fragment) -> bytes:
        """Render, once however many ask at the same time; who stops waiting does not disturb the others."""
        key = self._key(voice, fragment)
        task = self._rendering.get(key)
        if task is None:
            task = asyncio.create_task(self._render(voice, fragment, key), name="render prompt")
            self._rendering[key] = task
            task.add_done_callback(lambda done: self._rendering_done(key, done))
        return await asyncio.shield(task)

    def _rendering_done(self, key: str, task: asyncio.Task[bytes]) -> None:
        self._rendering.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen here, in case that nobody waits for it any more

    async def _render(self, voice: Voice, fragment: Fragment, key: str) -> bytes:
        async with self._slots:
            try:
                pcm = await voice.synthesise(fragment.text, fragment.language)
            except SpeechError:
                self.counters.voice_failures += 1
                if voice.online:
                    self._failed_at[voice.name] = asyncio.get_running_loop().time()
                raise
            self.counters.rendered += 1
            self._failed_at.pop(voice.name, None)
            self._remember(key, pcm)
            try:
                await asyncio.to_thread(_write, self._path(key, fragment), wav_bytes(pcm))
            except OSError:
                self.counters.write_failures += 1  # the sound is in memory; the next start renders it again
            return pcm

    # ---------------------------------------------------------------------------------------------- memory and files

    def _key(self, voice: Voice, fragment: Fragment) -> str:
        parts = [RENDERING, voice.name, fragment.language, speakable(fragment.text), self.settings.level_dbfs]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()

    def _path(self, key: str, fragment: Fragment) -> Path:
        return self._directory / ("personal" if fragment.personal else "shared") / key[:2] / f"{key}.wav"

    def _from_memory(self, key: str) -> bytes | None:
        pcm = self._memory.get(key)
        if pcm is not None:
            self._memory.move_to_end(key)
            self.counters.from_memory += 1
        return pcm

    def _remember(self, key: str, pcm: bytes) -> None:
        self._memory_size += len(pcm) - len(self._memory.pop(key, b""))
        self._memory[key] = pcm
        while self._memory_size > self.settings.memory_bytes and len(self._memory) > 1:
            _, gone = self._memory.popitem(last=False)
            self._memory_size -= len(gone)
            self.counters.evicted += 1

    def _remove_old(self, before: float, personal_only: bool) -> int:
        removed = 0
        for room in ("personal",) if personal_only else ("personal", "shared"):
            for path in (self._directory / room).glob("*/*"):
                try:
                    if path.stat().st_mtime < before:
                        path.unlink()
                        removed += 1
                except FileNotFoundError:
                    continue
        return removed

    def _gap_after(self, fragment: Fragment) -> float:
        last = fragment.text.rstrip()[-1:]
        if last and last in _SENTENCE_ENDS:
            return self.settings.sentence_gap_s
        if last and last in _CLAUSE_ENDS:
            return self.settings.clause_gap_s
        return self.settings.gap_s


def _label(fragment: Fragment) -> str:
    """The prompt id, never the text."""
    return repr(fragment.prompt_id) if fragment.prompt_id else f"(without id, {fragment.language})"


def _write(path: Path, data: bytes) -> None:
    """Under a temporary name first: a reader sees a whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
