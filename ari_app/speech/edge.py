"""The online voice: Microsoft's read-aloud service through edge-tts.

An unofficial client of a public service: it breaks now and then, and it receives the text. So its time is bounded, all
its errors are SpeechError (the prompt cache then takes the next voice), and it never gets personal fragments unless
the configuration says so.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from contextlib import aclosing
from typing import Final

import aiohttp
import av
import edge_tts
import numpy as np
from av.error import FFmpegError
from edge_tts.exceptions import EdgeTTSException

from ari_app.errors import SpeechError
from ari_app.speech.rendering import LONGEST_TEXT, finished, speakable
from ari_app.voice.pcm import SAMPLE_RATE

SPEAKERS: Final[Mapping[str, str]] = {"zh": "zh-CN-XiaoxiaoNeural", "en": "en-US-AriaNeural"}
_MOST_AUDIO: Final = 4 * 1024 * 1024
"""Bytes of MP3: ten minutes, far more than any fragment."""


class EdgeVoice:
    """Speaks through edge-tts; ``speakers`` maps our languages to the service's voices, ``speed`` 1.0 is their own."""

    online = True

    def __init__(
        self,
        speakers: Mapping[str, str] = SPEAKERS,
        *,
        timeout_s: float = 10.0,
        level_dbfs: float = -20.0,
        concurrency: int = 8,
        speed: float = 1.0,
    ) -> None:
        self._rate = f"{round((speed - 1.0) * 100):+d}%"
        self.name = f"edge-tts {level_dbfs:g} dBFS {' '.join(sorted(speakers.values()))} {self._rate}"
        self._speakers = dict(speakers)
        self._timeout_s = timeout_s
        self._level_dbfs = level_dbfs
        self._running = asyncio.Semaphore(concurrency)

    def supports(self, language: str) -> bool:
        """Whether the language has a speaker; whether the service can be reached shows when it is asked."""
        return language in self._speakers

    async def synthesise(self, text: str, language: str) -> bytes:
        """slin16 PCM of a text, trimmed and levelled; raises SpeechError within ``timeout_s`` when it cannot be had."""
        speaker = self._speakers.get(language)
        if speaker is None:
            raise SpeechError(f"edge-tts: no speaker for {language!r}")
        spoken = speakable(text)
        if not spoken:
            raise SpeechError("edge-tts: nothing to say")
        if len(spoken) > LONGEST_TEXT:
            raise SpeechError(f"edge-tts: a text of {len(spoken)} characters (allowed: {LONGEST_TEXT})")
        async with self._running:
            encoded = await self._fetch(spoken, speaker)
        pcm = await asyncio.to_thread(lambda: finished(decoded(encoded), self._level_dbfs))
        if not pcm:
            raise SpeechError("edge-tts: the service sent silence")
        return pcm

    async def _fetch(self, text: str, speaker: str) -> bytes:
        seconds = max(1, round(self._timeout_s))
        encoded = bytearray()
        connector = aiohttp.TCPConnector()
        try:
            request = edge_tts.Communicate(
                text,
                speaker,
                rate=self._rate,
                connector=connector,
                connect_timeout=seconds,
                receive_timeout=seconds,
            )
            async with asyncio.timeout(self._timeout_s), aclosing(request.stream()) as stream:
                async for chunk in stream:
                    if chunk["type"] == "audio":
                        encoded += chunk["data"]
                    if len(encoded) > _MOST_AUDIO:
                        raise SpeechError("edge-tts: the service sends without end")
        except TimeoutError:
            raise SpeechError(f"edge-tts: no sound after {self._timeout_s:g} s") from None
        except (aiohttp.ClientError, EdgeTTSException, OSError, ValueError) as error:
            # The kind alone: the text of the error may quote what was to be said.
            raise SpeechError(f"edge-tts: {type(error).__name__}") from None
        finally:
            # A stream that is given up says goodbye in the background, and waits for the answer while the line is open.
            await connector.close()
        if not encoded:
            raise SpeechError("edge-tts: the service sent no sound")
        return bytes(encoded)


def decoded(encoded: bytes) -> bytes:
    """slin16 PCM of an MP3 stream; raises SpeechError. The data are not trusted."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    parts: list[bytes] = []
    try:
        with av.open(io.BytesIO(encoded), mode="r", format="mp3") as container:
            for frame in container.decode(audio=0):
                parts += [np.asarray(piece.to_ndarray()).tobytes() for piece in resampler.resample(frame)]
            parts += [np.asarray(piece.to_ndarray()).tobytes() for piece in resampler.resample(None)]
    except (FFmpegError, ValueError, IndexError) as error:
        raise SpeechError(f"edge-tts: the sound cannot be decoded ({type(error).__name__})") from None
    return b"".join(parts)
