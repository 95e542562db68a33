"""The embedded voice: espeak-ng as a short-lived child process. Offline, Chinese and English."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from typing import Final

from ari_app.errors import SpeechError
from ari_app.speech.rendering import LONGEST_TEXT, finished, speakable
from ari_app.voice.pcm import pcm_of_wav

VOICES: Final[Mapping[str, str]] = {"zh": "cmn", "en": "en-us"}
"""Our language to espeak-ng's voice."""


SPEEDS: Final[Mapping[str, int]] = {"en": 165, "zh": 240}
"""espeak-ng's words per minute that sound unhurried: its "word" is a long one in Chinese (240: 4 syllables a second)."""
OTHER_SPEED: Final = 165


class EspeakVoice:
    """Speaks through ``espeak-ng``; the text goes through stdin, never onto a command line.

    ``words_per_minute`` is espeak-ng's speed (80 to 450) for every language; None: each language's own. ``speed`` makes it
    faster or slower (1.0: as it is); ``variant`` is one of espeak-ng's (f3: a female voice). At most ``concurrency``
    processes run at a time, each for at most ``timeout_s``.
    """

    online = False

    def __init__(
        self,
        *,
        program: str = "espeak-ng",
        words_per_minute: int | None = None,
        level_dbfs: float = -20.0,
        timeout_s: float = 15.0,
        concurrency: int = 4,
        voices: Mapping[str, str] = VOICES,
        variant: str = "",
        speed: float = 1.0,
    ) -> None:
        self._voices = {
            language: f"{name}+{variant}" if variant else name for language, name in sorted(voices.items())
        }
        self._speeds = {
            language: round((words_per_minute or SPEEDS.get(language, OTHER_SPEED)) * speed)
            for language in self._voices
        }
        spoken = " ".join(f"{self._voices[language]}@{pace}" for language, pace in self._speeds.items())
        self.name = f"espeak-ng {spoken} {level_dbfs:g} dBFS"
        self._program = program
        self._level_dbfs = level_dbfs
        self._timeout_s = timeout_s
        self._running = asyncio.Semaphore(concurrency)
        self._installed = False

    def supports(self, language: str) -> bool:
        """Whether the language has a voice and the program is installed."""
        # Looked for until it is found: this is asked for every fragment of a sentence.
        self._installed = self._installed or shutil.which(self._program) is not None
        return language in self._voices and self._installed

    async def synthesise(self, text: str, language: str) -> bytes:
        """slin16 PCM of a text, trimmed and levelled; raises SpeechError."""
        voice = self._voices.get(language)
        if voice is None:
            raise SpeechError(
                f"espeak-ng: no voice for {language!r} (allowed: {', '.join(sorted(self._voices))})"
            )
        spoken = speakable(text)
        if not spoken:
            raise SpeechError("espeak-ng: nothing to say")
        if len(spoken) > LONGEST_TEXT:
            raise SpeechError(f"espeak-ng: a text of {len(spoken)} characters (allowed: {LONGEST_TEXT})")
        async with self._running:
            wav = await self._run(voice, self._speeds[language], spoken.encode())
        try:
            pcm = await asyncio.to_thread(lambda: finished(pcm_of_wav(wav), self._level_dbfs))
        except ValueError as error:
            raise SpeechError(f"espeak-ng: {error}") from None
        if not pcm:
            raise SpeechError("espeak-ng: no sound came out")
        return pcm

    async def _run(self, voice: str, speed: int, text: bytes) -> bytes:
        # "-b 1" says UTF-8; "--stdin" reads to the end of the text, so nothing of it is ever taken for an option.
        arguments = ("-v", voice, "-s", str(speed), "-b", "1", "--stdin", "--stdout")
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                # It writes to stdout only; without this its audio library leaves files in the user's folders.
                env={**os.environ, "PULSE_RUNTIME_PATH": os.devnull},
            )
        except OSError as error:
            raise SpeechError(f"espeak-ng cannot be started: {error.strerror or error}") from None
        try:
            async with asyncio.timeout(self._timeout_s):
                wav, _ = await process.communicate(text)
        except TimeoutError:
            raise SpeechError(f"espeak-ng: no sound after {self._timeout_s:g} s") from None
        except (BrokenPipeError, ConnectionResetError):
            raise SpeechError("espeak-ng ended before it had read the text") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise SpeechError(f"espeak-ng ended with status {process.returncode}")
        return wav
