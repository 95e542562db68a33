"""The folder of network announcements: ``announcements.yaml`` and its WAV files."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from ari_app.errors import InputError, Problem
from ari_app.speech.espeak import EspeakVoice
from ari_app.voice.pcm import SAMPLE_RATE, duration_s, pcm_of_wav, resample, to_pcm, to_samples, wav_bytes
from ari_app.yaml_lines import YamlDocument, read_yaml

FILE_NAME: Final = "announcements.yaml"
MEANINGS: Final = (
    "empty_number",
    "switched_off",
    "suspended",
    "out_of_reach",
    "busy_in_call",
    "call_barred",
    "no_answer",
    "number_changed",
    "network_busy",
    "voicemail",
    "call_assistant",
    "ivr",
)
LANGUAGES: Final = ("zh", "en")
LONGEST_S: Final = 60.0
_SPEAKERS: Final = {"zh": ("cmn+f2", 250), "en": ("en-us+f2", 165)}
"""Voice and words a minute: not the speaker of our prompts. espeak-ng counts a Chinese syllable as more than a word."""
_SHORTEST_S: Final = 1.0
_LARGEST_FILE: Final = 32 * 1024 * 1024
_KEYS: Final = ("file", "meaning", "language", "text")


@dataclass(frozen=True, slots=True)
class AnnouncementEntry:
    """One entry of the list: the WAV file, what it means, and its text for people."""

    path: Path
    meaning: str
    language: str
    text: str = field(repr=False)
    where: str


def read_entries(folder: Path) -> list[AnnouncementEntry]:
    """The list of a folder. Raises InputError with every fault and its line."""
    document = read_yaml(folder / FILE_NAME)
    listed = document.value.get("announcements") if isinstance(document.value, dict) else None
    if not isinstance(listed, list):
        raise InputError([Problem(document.where(), "announcements", "missing", "a list of announcements")])
    problems: list[Problem] = []
    entries: list[AnnouncementEntry] = []
    for number, item in enumerate(listed):
        entry = _entry(document, number, item, folder, problems)
        if entry is not None:
            entries.append(entry)
    if problems:
        raise InputError(problems)
    return entries


def _entry(
    document: YamlDocument, number: int, item: object, folder: Path, problems: list[Problem]
) -> AnnouncementEntry | None:
    place = ("announcements", number)
    where, known = document.where(place), len(problems)
    if not isinstance(item, dict):
        problems.append(Problem(where, "announcements", "not a mapping", f"keys {', '.join(_KEYS)}"))
        return None
    problems += [
        Problem(document.where((*place, key)), str(key), "unknown key", ", ".join(_KEYS))
        for key in item.keys() - set(_KEYS)
    ]
    values = {key: item.get(key, "") for key in _KEYS}
    for key, allowed in (("meaning", MEANINGS), ("language", LANGUAGES)):
        if values[key] not in allowed:
            problems.append(
                Problem(document.where((*place, key)), key, "missing or unknown", ", ".join(allowed))
            )
    name, text = values["file"], values["text"]
    if not isinstance(name, str) or Path(name).name != name or not name.endswith(".wav"):
        problems.append(
            Problem(document.where((*place, "file")), "file", "no file name", "NAME.wav in this folder")
        )
    if not isinstance(text, str):
        problems.append(Problem(document.where((*place, "text")), "text", "not a text", "what is said"))
    if len(problems) > known:
        return None
    return AnnouncementEntry(
        folder / str(name), str(values["meaning"]), str(values["language"]), str(text), where
    )


def read_announcements(folder: Path) -> dict[str, list[bytes]]:
    """slin16 PCM of every announcement, by meaning. Raises InputError with every fault: no half of a folder is used."""
    problems: list[Problem] = []
    recordings: dict[str, list[bytes]] = {}
    for entry in read_entries(folder):
        try:
            if entry.path.stat().st_size > _LARGEST_FILE:
                raise ValueError("the file is larger than 32 MiB")
            pcm = pcm_of_wav(entry.path.read_bytes())
            if not _SHORTEST_S <= duration_s(pcm) <= LONGEST_S:
                raise ValueError(f"{duration_s(pcm):.1f} s long (allowed: {_SHORTEST_S:g} to {LONGEST_S:g})")
            if not np.any(to_samples(pcm)):
                raise ValueError("the recording is silent")
        except OSError as error:
            problems.append(Problem(entry.where, "file", f"{entry.path.name}: {error.strerror or error}"))
        except ValueError as error:
            problems.append(Problem(entry.where, "file", f"{entry.path.name}: {error}"))
        else:
            recordings.setdefault(entry.meaning, []).append(pcm)
    if problems:
        raise InputError(problems)
    return recordings


async def render_missing(folder: Path) -> list[Path]:
    """Render the entries that have no file yet with the embedded voice (8 kHz, 16 bits); returns what was written."""
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


def main() -> None:
    """``python -m ari_app.speech.announcements FOLDER``: render what is missing."""
    for path in asyncio.run(render_missing(Path(sys.argv[1]))):
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
