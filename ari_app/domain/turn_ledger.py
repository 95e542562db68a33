"""What the turns of a call tell: how long the customer waited for each reply, and when he was told of the recording."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from ari_app.domain.attempt import Turn, TurnTiming

#: What a prompt covers that tells of the recording (see ``FlowStep.covers``).
RECORDING_NOTICE = "recording_notice"
#: The stages of a reply in their order, each counted from the customer's last voice.
STAGES = ("final_text", "decided", "audio_sent", "on_wire")


def stages_ms(timing: TurnTiming) -> dict[str, float | None]:
    """Milliseconds from the customer's last voice to each of ``STAGES``; None for what did not happen."""
    start = timing.speech_ended_s
    moments = (timing.final_text_s, timing.decided_s, timing.audio_sent_s, timing.on_wire_s)
    return {
        name: None if start is None or moment is None else round((moment - start) * 1000.0, 1)
        for name, moment in zip(STAGES, moments, strict=True)
    }


def reply_ms(turn: Turn) -> float | None:
    """How long the customer waited for this prompt after his last voice, in ms; None when it answers no speech.

    Up to the first frame that left the PBX, or up to the first that was sent to it where the PBX did not tell.
    """
    if turn.timing is None:
        return None
    stages = stages_ms(turn.timing)
    found = stages["on_wire"] if stages["on_wire"] is not None else stages["audio_sent"]
    return found if found is not None and math.isfinite(found) else None


@dataclass(frozen=True, slots=True)
class ReplyFigures:
    """Of one call: spoken answers that were replied to, the median wait and the longest, in ms."""

    replies: int
    p50_ms: float | None
    max_ms: float | None


def reply_figures(turns: Sequence[Turn]) -> ReplyFigures:
    """The waits of a whole call."""
    waits = [wait for turn in turns if (wait := reply_ms(turn)) is not None]
    if not waits:
        return ReplyFigures(0, None, None)
    return ReplyFigures(len(waits), round(median(waits), 1), max(waits))


@dataclass(frozen=True, slots=True)
class NoticeOfRecording:
    """When the customer was told that he is recorded, in call time, and what he answered (None: nothing)."""

    start_s: float
    end_s: float
    answer: Turn | None


def notice_of_recording(turns: Sequence[Turn]) -> NoticeOfRecording | None:
    """The first prompt that told of the recording, with the customer's next speech or keys; None when none did."""
    for place, turn in enumerate(turns):
        if turn.speaker == "bot" and RECORDING_NOTICE in turn.covers:
            later = (
                each
                for each in turns[place + 1 :]
                if each.speaker == "customer" and each.kind in ("speech", "keys")
            )
            return NoticeOfRecording(turn.start_s, turn.end_s, next(later, None))
    return None
