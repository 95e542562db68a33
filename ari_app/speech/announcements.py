"""Announcements that have a text and no recording yet: rendered by the embedded voice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from ari_app.services.announcement_files import read_entries
from ari_app.speech.espeak import EspeakVoice
from ari_app.voice.pcm import SAMPLE_RATE, resample, to_pcm, to_samples, wav_bytes

_SPEAKERS: Final = {"zh": ("cmn+f2", 250), "en": ("en-us+f2", 165)}
"""Voice and words a minute: not the speaker of our prompts. espeak-ng counts a Chinese syllable as more than a word."""


async def render_missing(folder: Path) -> list[Path]:
    """Render the entries that have no file yet with the embedded voice (8 kHz, 16 bits); returns what was written.

    Raises InputError for a list with faults, SpeechError without a voice.
    """
    voices = {
        language: EspeakVoice(words_per_minute=speed, voices={language: name})
        for language, (name, speed) in _SPEAKERS.items()
    }
    written: list[Path] = []
    for entry in await asyncio.to_thread(read_entries, folder):
        if not await asyncio.to_thread(entry.path.exists):
            pcm = await voices[entry.language].synthesise(entry.text, entry.language)
            narrow = to_pcm(resample(to_samples(pcm), SAMPLE_RATE, 8_000))
            await asyncio.to_thread(entry.path.write_bytes, wav_bytes(narrow, rate=8_000))
            written.append(entry.path)
    return written
