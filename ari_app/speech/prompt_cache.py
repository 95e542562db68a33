"""Rendered prompts, content-addressed: first audio within one frame of a decision needs them ready before dialling.

A fragment becomes sound from, in this order: a recorded prompt of its id, the memory, the files, the voices. A sentence is
spoken by one voice. An online voice gets no personal text unless the configuration allows it: amounts, dates and
digits are joined from an inventory of pieces that is the same for everybody, and sentences with anything else are spoken by
the offline voice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from ari_app.dialogue.model import Fragment
from ari_app.dialogue.number_pieces import bare, inventory
from ari_app.domain.voice_style import VoiceStyle
from ari_app.errors import SpeechError
from ari_app.ports import Prompts, Voice
from ari_app.speech.prompt_settings import (
    Origin,
    PromptCounters,
    PromptSettings,
    for_local_voice,
    gap_after,
    sentences,
)
from ari_app.speech.recorded_prompts import RecordedPrompts
from ari_app.speech.renderer import Renderer, engine_of
from ari_app.speech.sound_store import SoundStore
from ari_app.voice.pcm import silence

VoicesOf = Callable[[VoiceStyle], Sequence[Voice]]
_MOST_STYLES: Final = 256


class PromptCache:
    """The Prompts of the product. ``voices`` are asked in order; ``voices_of`` gives those of a campaign's style.

    ``recordings`` is the folder of recorded prompts (``RecordedPrompts``).
    """

    def __init__(
        self,
        directory: Path,
        voices: Sequence[Voice],
        *,
        recordings: Path | None = None,
        settings: PromptSettings | None = None,
        voices_of: VoicesOf | None = None,
    ) -> None:
        self.settings = settings or PromptSettings()
        self.counters = PromptCounters()
        self.store = SoundStore(directory, self.settings.memory_bytes)
        self.recorded = RecordedPrompts(recordings, self.store, self.settings.level_dbfs)
        self._renderer = Renderer(self.store, self.settings, self.counters)
        self._usual = StyledPrompts(self, self._renderer, voices)
        self._voices_of = voices_of
        self._styled: dict[VoiceStyle, StyledPrompts] = {}

    def styled(self, style: VoiceStyle) -> StyledPrompts:
        """The same cache, spoken with the voice and speed of a campaign."""
        if self._voices_of is None or style == VoiceStyle():
            return self._usual
        view = self._styled.pop(style, None) or StyledPrompts(self, self._renderer, self._voices_of(style))
        self._styled[style] = view
        while len(self._styled) > _MOST_STYLES:
            del self._styled[next(iter(self._styled))]
        return view

    async def prepare(self, fragments: Iterable[Fragment]) -> None:
        """As ``StyledPrompts.prepare``, with the usual voices."""
        await self._usual.prepare(fragments)

    async def pcm(self, fragments: Sequence[Fragment]) -> bytes:
        """As ``StyledPrompts.pcm``, with the usual voices."""
        return await self._usual.pcm(fragments)

    async def origin(self, fragment: Fragment) -> Origin:
        """As ``StyledPrompts.origin``, with the usual voices."""
        return await self._usual.origin(fragment)

    async def purge(self, older_than_s: float, now: float, *, personal_only: bool = True) -> int:
        """Remove files last written ``older_than_s`` before ``now`` (Unix seconds); returns how many went.

        Personal sounds leave the memory too; a running call renders again what it still needs.
        """
        return await self.store.purge(older_than_s, now, personal_only=personal_only)

    async def close(self) -> None:
        """End rendering that nobody waits for any more."""
        await self._renderer.close()


class StyledPrompts:
    """The prompt cache with the voices of one style."""

    def __init__(self, cache: PromptCache, renderer: Renderer, voices: Sequence[Voice]) -> None:
        self._cache = cache
        self._settings = cache.settings
        self._store = cache.store
        self._recorded = cache.recorded
        self._renderer = renderer
        self._voices = tuple(voices)

    def styled(self, style: VoiceStyle) -> Prompts:
        """The same cache in another style."""
        return self._cache.styled(style)

    # ---------------------------------------------------------------------------------------------- before the call

    async def prepare(self, fragments: Iterable[Fragment]) -> None:
        """Have everything ready for a call; raises SpeechError naming the prompt id of what cannot be had.

        When a voice cannot speak all of it, the next one renders all of it too, so that every sentence has one voice.
        """
        wanted = list(dict.fromkeys(fragments))
        await self._recorded.refresh()
        for fragment in wanted:
            if fragment.prompt_id:
                await self._recorded.check(fragment.language, fragment.prompt_id)
        spoken = [part for part in wanted if not self._recorded.has(part.language, part.prompt_id)]
        await self._prepare([part for part in spoken if for_local_voice(part)], local=True)
        await self._prepare([part for part in spoken if not for_local_voice(part)], local=False)

    async def _prepare(self, fragments: Sequence[Fragment], *, local: bool) -> None:
        had: set[Fragment] = set()
        problems: dict[Fragment, list[str]] = {fragment: [] for fragment in fragments}
        for voice in self._willing(self._order(local=local)):
            kept = [fragment for fragment in fragments if self._kept_by(voice, fragment) is not None]
            had.update(kept)
            there = set(kept)
            able = [part for part in fragments if part not in there and self._may_speak(voice, part)]
            results = await asyncio.gather(
                *(self._ensure(voice, fragment, urgent=False) for fragment in able), return_exceptions=True
            )
            for fragment, result in zip(able, results, strict=True):
                if isinstance(result, SpeechError):
                    problems[fragment].append(str(result))
                elif isinstance(result, BaseException):
                    raise result
                else:
                    had.add(fragment)
            complete = len(kept) + len(able) == len(fragments)
            if complete and not any(isinstance(result, SpeechError) for result in results):
                return
        for fragment in fragments:
            if fragment not in had:
                raise _cannot(fragment, problems[fragment])

    async def _ensure(self, voice: Voice, fragment: Fragment, *, urgent: bool) -> bytes | None:
        """Have the sound of a fragment by one voice; raises SpeechError. None: it lies ready in pieces."""
        language = fragment.language
        if not self._in_pieces(voice, fragment):
            return await self._renderer.sound(
                voice, fragment.text, language, personal=fragment.personal, urgent=urgent
            )
        if await self._found(voice, fragment) is None:
            # Always all pieces, whatever this customer owes: which ones are asked for tells nothing.
            pieces = inventory(language)
            await asyncio.gather(
                *(
                    self._renderer.sound(voice, piece, language, personal=False, urgent=False)
                    for piece in pieces
                )
            )
        return None

    # ---------------------------------------------------------------------------------------------- in the call

    async def pcm(self, fragments: Sequence[Fragment]) -> bytes:
        """slin16 sound of the fragments with natural gaps between them; raises SpeechError in bounded time."""
        until = asyncio.get_running_loop().time() + self._settings.call_patience_s
        parts: list[bytes] = []
        last: Fragment | None = None
        for sentence in sentences(fragments):
            sounds = self._kept(sentence) or await self._sounds(sentence, until)
            for fragment, sound in zip(sentence, sounds, strict=True):
                if last is not None:
                    parts.append(silence(gap_after(last, self._settings)))
                parts.append(sound)
                last = fragment
        return b"".join(parts)

    def _kept(self, sentence: Sequence[Fragment]) -> list[bytes] | None:
        """The sounds of a sentence by the first voice of which everything is in memory: the way nearly every time."""
        recorded = [self._recorded.ready(part.language, part.prompt_id) for part in sentence]
        for voice in self._order(local=any(for_local_voice(part) for part in sentence)):
            sounds: list[bytes] = []
            for part, own in zip(sentence, recorded, strict=True):
                sound = own if own is not None else self._kept_by(voice, part)
                if sound is None:
                    break
                sounds.append(sound)
            else:
                return sounds
        return recorded_only(recorded)

    def _kept_by(self, voice: Voice, fragment: Fragment) -> bytes | None:
        if not self._may_speak(voice, fragment):
            return None
        whole = self._store.kept(self._renderer.key(voice, fragment.text, fragment.language))
        if whole is not None or not self._in_pieces(voice, fragment):
            return whole
        pieces = [
            self._store.kept(self._renderer.key(voice, bare(piece), fragment.language))
            for piece in fragment.pieces
        ]
        return self._joined(fragment, pieces)

    async def _sounds(self, sentence: Sequence[Fragment], until: float) -> list[bytes]:
        """The sounds of a sentence of which something is not in memory: from files, else rendered."""
        recorded = [await self._recorded.sound(part.language, part.prompt_id) for part in sentence]
        missing = [part for part, own in zip(sentence, recorded, strict=True) if own is None]
        order = self._order(local=any(for_local_voice(part) for part in missing))
        spoken = await self._from_files(order, missing)
        if spoken is None:
            self._cache.counters.late += 1
            spoken = await self._rendered_now(order, missing, until)
        rest = iter(spoken)
        return [own if own is not None else next(rest) for own in recorded]

    async def _from_files(self, order: Sequence[Voice], missing: Sequence[Fragment]) -> list[bytes] | None:
        for voice in order:
            sounds = [await self._found(voice, part) for part in missing]
            if all(sound is not None for sound in sounds):
                return [sound for sound in sounds if sound is not None]
        return None

    async def _rendered_now(
        self, order: Sequence[Voice], missing: Sequence[Fragment], until: float
    ) -> list[bytes]:
        """Rendered while the customer waits: by one voice if one can in time, else each fragment by any."""
        problems: list[str] = []
        had: dict[Fragment, bytes] = {}
        willing = self._willing(order)
        for position, voice in enumerate(willing):
            patience = until - asyncio.get_running_loop().time()
            if voice.online and any(not other.online for other in willing[position + 1 :]):
                patience = min(patience, self._settings.online_patience_s)
            results = await asyncio.gather(
                *(self._now(voice, part, patience) for part in missing), return_exceptions=True
            )
            sounds: list[bytes] = []
            for part, result in zip(missing, results, strict=True):
                if isinstance(result, bytes):
                    had.setdefault(part, result)
                    sounds.append(result)
                elif isinstance(result, SpeechError | TimeoutError):
                    problems.append(str(result) or f"not rendered within {patience:.1f} s")
                else:
                    raise result
            if len(sounds) == len(missing):
                return sounds
        for part in missing:
            if part not in had:
                raise _cannot(part, problems)
        self._cache.counters.mixed += 1
        return [had[part] for part in missing]

    async def _now(self, voice: Voice, fragment: Fragment, patience_s: float) -> bytes:
        if not self._may_speak(voice, fragment):
            raise SpeechError(f"{engine_of(voice)} may not or cannot speak it")
        found = await self._found(voice, fragment)
        if found is not None:
            return found
        if self._in_pieces(voice, fragment):
            raise SpeechError(f"{engine_of(voice)} has not all pieces yet")
        async with asyncio.timeout(max(0.0, patience_s)):
            return await self._renderer.sound(
                voice, fragment.text, fragment.language, personal=fragment.personal, urgent=True
            )

    # ---------------------------------------------------------------------------------------------- ahead of time

    def pieces(self, language: str) -> tuple[Fragment, ...]:
        """The inventory of a language, where the first voice that speaks it needs one; otherwise nothing."""
        first = next((voice for voice in self._voices if voice.supports(language)), None)
        if first is None or not first.online or self._settings.personal_online:
            return ()
        return tuple(Fragment(piece, language) for piece in inventory(language))

    async def look_at_recordings(self) -> None:
        """See which recordings there are now; ``prepare`` does so by itself."""
        await self._recorded.refresh()

    # ---------------------------------------------------------------------------------------------- one fragment

    async def origin(self, fragment: Fragment) -> Origin:
        """Where the sound of a fragment would come from now; nothing is rendered."""
        if self._recorded.has(fragment.language, fragment.prompt_id):
            return Origin.RECORDED
        for voice in self._order(local=for_local_voice(fragment)):
            if self._may_speak(voice, fragment) and await self._found(voice, fragment) is not None:
                return Origin.CACHED
        return Origin.MISSING

    async def _found(self, voice: Voice, fragment: Fragment) -> bytes | None:
        """The sound of a fragment by a voice, from memory or files."""
        if not self._may_speak(voice, fragment):
            return None
        key = self._renderer.key(voice, fragment.text, fragment.language)
        whole = await self._store.load(key, personal=fragment.personal)
        if whole is not None or not self._in_pieces(voice, fragment):
            return whole
        pieces = [
            await self._store.load(self._renderer.key(voice, bare(piece), fragment.language), personal=False)
            for piece in fragment.pieces
        ]
        return self._joined(fragment, pieces)

    def _joined(self, fragment: Fragment, pieces: Sequence[bytes | None]) -> bytes | None:
        """Pieces follow each other at once: each has a margin of its own. After a comma there is a pause."""
        parts: list[bytes] = []
        for piece, sound in zip(fragment.pieces, pieces, strict=True):
            if sound is None:
                return None
            parts.append(sound)
            if bare(piece) != piece:
                parts.append(silence(self._settings.clause_gap_s))
        return b"".join(parts)

    def _order(self, *, local: bool) -> Sequence[Voice]:
        """The voices in the order in which they are asked; for a local sentence those of this machine first."""
        if not local or self._settings.personal_online:
            return self._voices
        return sorted(self._voices, key=lambda voice: voice.online)

    def _may_speak(self, voice: Voice, fragment: Fragment) -> bool:
        barred = voice.online and fragment.personal and not self._settings.personal_online
        return voice.supports(fragment.language) and not (barred and not fragment.pieces)

    def _in_pieces(self, voice: Voice, fragment: Fragment) -> bool:
        return voice.online and fragment.personal and not self._settings.personal_online

    def _willing(self, voices: Sequence[Voice]) -> Sequence[Voice]:
        """Without online voices that have failed just now; all of them when every one has."""
        return [voice for voice in voices if self._renderer.rested(voice)] or voices


def recorded_only(recorded: Sequence[bytes | None]) -> list[bytes] | None:
    """The recordings, where everything is recorded and no voice is needed."""
    sounds = [sound for sound in recorded if sound is not None]
    return sounds if len(sounds) == len(recorded) else None


def _cannot(fragment: Fragment, problems: Sequence[str]) -> SpeechError:
    """Names the prompt id, never the text."""
    label = repr(fragment.prompt_id) if fragment.prompt_id else f"(without id, {fragment.language})"
    if not problems:
        return SpeechError(f"prompt {label}: no voice may or can speak {fragment.language!r}")
    return SpeechError(f"prompt {label} cannot be rendered: {'; '.join(dict.fromkeys(problems))}")
