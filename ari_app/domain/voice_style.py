"""The voice and the speed with which a campaign speaks, and the names that voices have.

A voice is named so that its engine and its language can be told from the name alone:

- ``espeak-ng``: the offline voice, in every language; ``espeak-ng+f3``: one of its variants (f1 to f5, m1 to m8);
- ``edge-tts``: the online voice with the speakers of the settings; ``zh-CN-YunxiNeural``: one of its speakers.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Final

ESPEAK: Final = "espeak-ng"
EDGE: Final = "edge-tts"
LANGUAGES: Final = ("zh", "en")

SLOWEST: Final = 0.5
FASTEST: Final = 2.0

ESPEAK_VARIANTS: Final = tuple(
    [f"f{number}" for number in range(1, 6)] + [f"m{number}" for number in range(1, 9)]
)
"""Variants that every espeak-ng brings along and that can be understood on the telephone."""

EDGE_SPEAKERS: Final = (
    "zh-CN-XiaoxiaoNeural",
    "zh-CN-XiaoyiNeural",
    "zh-CN-YunjianNeural",
    "zh-CN-YunxiNeural",
    "zh-CN-YunxiaNeural",
    "zh-CN-YunyangNeural",
    "zh-HK-HiuGaaiNeural",
    "zh-HK-HiuMaanNeural",
    "zh-HK-WanLungNeural",
    "zh-TW-HsiaoChenNeural",
    "zh-TW-HsiaoYuNeural",
    "zh-TW-YunJheNeural",
    "en-AU-NatashaNeural",
    "en-AU-WilliamNeural",
    "en-GB-LibbyNeural",
    "en-GB-RyanNeural",
    "en-GB-SoniaNeural",
    "en-GB-ThomasNeural",
    "en-IN-NeerjaNeural",
    "en-IN-PrabhatNeural",
    "en-SG-LunaNeural",
    "en-SG-WayneNeural",
    "en-US-AndrewNeural",
    "en-US-AriaNeural",
    "en-US-AvaNeural",
    "en-US-BrianNeural",
    "en-US-ChristopherNeural",
    "en-US-EmmaNeural",
    "en-US-EricNeural",
    "en-US-GuyNeural",
    "en-US-JennyNeural",
    "en-US-MichelleNeural",
    "en-US-RogerNeural",
    "en-US-SteffanNeural",
)
"""Speakers that the online service is known to have. It gets new ones, so the form of a name counts, not this list."""

_SPEAKER: Final = re.compile(r"(zh|en)-[A-Z]{2}-(?:[a-z]{2,20}-)?[A-Z][A-Za-z]{1,40}Neural")
ALLOWED: Final = (
    f"{ESPEAK}, {ESPEAK}+VARIANT ({ESPEAK_VARIANTS[0]} to f5, m1 to m8), {EDGE}, or one of its speakers such as"
    f" {EDGE_SPEAKERS[3]} or {EDGE_SPEAKERS[25]}"
)


@dataclass(frozen=True, slots=True)
class VoiceStyle:
    """``voice``: a voice by its name, '' for the order of the settings. ``speed`` 1.0 is the voice's own, 0.5 to 2.0.

    Recorded prompts have the voice and the speed of whoever recorded them.
    """

    voice: str = ""
    speed: float = 1.0


USUAL: Final = VoiceStyle()


@dataclass(frozen=True, slots=True)
class VoiceChoice:
    """A voice's name taken apart. ``speaker``: an espeak-ng variant or an edge-tts speaker, '' for the usual one;
    ``languages`` that it speaks."""

    engine: str
    speaker: str = ""
    languages: tuple[str, ...] = LANGUAGES


def voice_choice(name: str) -> VoiceChoice:
    """Take a voice's name apart; raises ValueError saying what is wrong with it (ALLOWED says what is allowed)."""
    if name in (ESPEAK, EDGE):
        return VoiceChoice(name)
    engine, plus, variant = name.partition("+")
    if plus and engine == ESPEAK:
        if variant not in ESPEAK_VARIANTS:
            raise ValueError(f"{ESPEAK} has no such variant")
        return VoiceChoice(ESPEAK, variant)
    speaker = _SPEAKER.fullmatch(name)
    if speaker is None:
        raise ValueError("is not the name of a voice")
    near = difflib.get_close_matches(name, EDGE_SPEAKERS, n=1, cutoff=0.93)
    if near and near[0] != name:
        raise ValueError(f"is not a known speaker of {EDGE}; did you mean {near[0]}?")
    return VoiceChoice(EDGE, name, (speaker.group(1),))
