"""How far an answer has come, judged from the words recognised so far: what endpointing waits by."""

from __future__ import annotations

from enum import StrEnum


class AnswerProgress(StrEnum):
    """What the words so far amount to, for the question that was asked.

    ``nothing``: no words (noise, a cough, not understood). ``back_channel``: "uh-huh", "哦": the customer listens, and says
    nothing. ``assent``: the same where a yes or no is asked, which it answers when the question has been heard ("嗯"), and
    only then. ``in_progress``: it certainly goes on ("on the", half a telephone number, "three hundred and").
    ``open``: an answer that may go on. ``complete``: everything that was asked for is there.
    """

    NOTHING = "nothing"
    BACK_CHANNEL = "back_channel"
    ASSENT = "assent"
    IN_PROGRESS = "in_progress"
    OPEN = "open"
    COMPLETE = "complete"
