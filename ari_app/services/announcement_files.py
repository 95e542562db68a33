"""The operators' folder of announcements: ``announcements.yaml`` and its WAV files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from ari_app.errors import InputError, Problem
from ari_app.voice.pcm import duration_s, pcm_of_wav, to_samples
from ari_app.yaml_lines import YamlDocument, read_yaml

FILE_NAME: Final = "announcements.yaml"
MEANINGS: Final = (
    "empty_number",
    "number_changed",
    "switched_off",
    "suspended",
    "out_of_reach",
    "busy_in_call",
    "no_answer",
    "call_barred",
    "network_busy",
    "voicemail",
    "call_assistant",
    "ivr",
)
LANGUAGES: Final = ("zh", "en")
LONGEST_S: Final = 60.0
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


def read_recording(path: Path) -> bytes:
    """slin16 PCM of one announcement. Raises OSError, and ValueError saying what is wrong with the sound."""
    if path.stat().st_size > _LARGEST_FILE:
        raise ValueError("the file is larger than 32 MiB")
    pcm = pcm_of_wav(path.read_bytes())
    if not _SHORTEST_S <= duration_s(pcm) <= LONGEST_S:
        raise ValueError(f"{duration_s(pcm):.1f} s long (allowed: {_SHORTEST_S:g} to {LONGEST_S:g})")
    if not np.any(to_samples(pcm)):
        raise ValueError("the recording is silent")
    return pcm


def read_announcements(folder: Path) -> dict[str, list[bytes]]:
    """slin16 PCM of every announcement, by meaning. Raises InputError with every fault: no half of a folder is used."""
    problems: list[Problem] = []
    recordings: dict[str, list[bytes]] = {}
    for entry in read_entries(folder):
        try:
            pcm = read_recording(entry.path)
        except OSError as error:
            problems.append(Problem(entry.where, "file", f"{entry.path.name}: {error.strerror or error}"))
        except ValueError as error:
            problems.append(Problem(entry.where, "file", f"{entry.path.name}: {error}"))
        else:
            recordings.setdefault(entry.meaning, []).append(pcm)
    if problems:
        raise InputError(problems)
    return recordings
