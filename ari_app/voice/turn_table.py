"""The states of a turn and the one table of what follows what."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class TurnState(StrEnum):
    """Where the turn is. ``overhearing``: the prompt goes on while somebody speaks who mostly only listens."""

    PROMPTING = "prompting"
    OVERHEARING = "overhearing"
    WAITING = "waiting"
    SPEAKING = "speaking"
    KEYING = "keying"
    DONE = "done"


class TurnSignal(StrEnum):
    """What an input or a time limit amounts to.

    ``aside`` is speech that does not stop the prompt yet.
    ``pause`` and ``voice_again`` are the beginning and the end of a short silence; ``false_interruption`` and
    ``false_start`` are sounds that were no answer, over a prompt and after it.
    """

    SPEECH = "speech"
    ASIDE = "aside"
    FRAME = "frame"
    PAUSE = "pause"
    VOICE_AGAIN = "voice_again"
    FALSE_INTERRUPTION = "false_interruption"
    FALSE_START = "false_start"
    KEY = "key"
    LAST_KEY = "last_key"
    PROMPT_ENDED = "prompt_ended"
    TIME_UP = "time_up"


S, N = TurnState, TurnSignal
TRANSITIONS: Final[Mapping[tuple[TurnState, TurnSignal], tuple[TurnState, tuple[str, ...]]]] = {
    (S.PROMPTING, N.SPEECH): (S.SPEAKING, ("begin_overlap", "interrupt_by_speech", "start_speech")),
    (S.PROMPTING, N.ASIDE): (S.OVERHEARING, ("begin_overlap", "start_speech")),
    (S.PROMPTING, N.KEY): (S.KEYING, ("interrupt_by_keys", "collect_key")),
    (S.PROMPTING, N.LAST_KEY): (S.DONE, ("interrupt_by_keys", "collect_key", "answer_keys")),
    (S.PROMPTING, N.PROMPT_ENDED): (S.WAITING, ("await_input",)),
    (S.PROMPTING, N.TIME_UP): (S.WAITING, ("await_input",)),
    (S.OVERHEARING, N.FRAME): (S.OVERHEARING, ("pass_frame",)),
    (S.OVERHEARING, N.PAUSE): (S.OVERHEARING, ("speculate",)),
    (S.OVERHEARING, N.VOICE_AGAIN): (S.OVERHEARING, ("drop_speculation", "pass_frame")),
    (S.OVERHEARING, N.SPEECH): (S.SPEAKING, ("interrupt_by_speech",)),
    (S.OVERHEARING, N.FALSE_INTERRUPTION): (S.PROMPTING, ("cancel_speech", "talk_on")),
    (S.OVERHEARING, N.TIME_UP): (S.DONE, ("answer_speech",)),
    (S.OVERHEARING, N.PROMPT_ENDED): (S.SPEAKING, ("prompt_over",)),
    (S.OVERHEARING, N.KEY): (S.KEYING, ("interrupt_by_keys", "cancel_speech", "collect_key")),
    (S.OVERHEARING, N.LAST_KEY): (
        S.DONE,
        ("interrupt_by_keys", "cancel_speech", "collect_key", "answer_keys"),
    ),
    (S.WAITING, N.SPEECH): (S.SPEAKING, ("start_speech",)),
    (S.WAITING, N.KEY): (S.KEYING, ("collect_key",)),
    (S.WAITING, N.LAST_KEY): (S.DONE, ("collect_key", "answer_keys")),
    (S.WAITING, N.TIME_UP): (S.DONE, ("answer_no_input",)),
    (S.SPEAKING, N.FRAME): (S.SPEAKING, ("pass_frame",)),
    (S.SPEAKING, N.PAUSE): (S.SPEAKING, ("speculate",)),
    (S.SPEAKING, N.VOICE_AGAIN): (S.SPEAKING, ("drop_speculation", "pass_frame")),
    (S.SPEAKING, N.FALSE_INTERRUPTION): (S.PROMPTING, ("cancel_speech", "resume_prompt")),
    (S.SPEAKING, N.FALSE_START): (S.WAITING, ("cancel_speech", "go_on_waiting")),
    (S.SPEAKING, N.KEY): (S.KEYING, ("cancel_speech", "collect_key")),
    (S.SPEAKING, N.LAST_KEY): (S.DONE, ("cancel_speech", "collect_key", "answer_keys")),
    (S.SPEAKING, N.TIME_UP): (S.DONE, ("answer_speech",)),
    (S.KEYING, N.KEY): (S.KEYING, ("collect_key",)),
    (S.KEYING, N.LAST_KEY): (S.DONE, ("collect_key", "answer_keys")),
    (S.KEYING, N.TIME_UP): (S.DONE, ("answer_keys",)),
}
"""What follows; a pair that is not here changes nothing."""
