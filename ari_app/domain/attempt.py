"""An attempt: one dial to one number for one account, from reservation to disposition."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ari_app.domain.account import Account
from ari_app.domain.call_result import ConversationResult, PromiseToPay
from ari_app.domain.compliance import DialVerdict
from ari_app.domain.experiment import NO_ARMS, Arms, Experiment
from ari_app.domain.voice_style import USUAL, VoiceStyle


@dataclass(frozen=True, slots=True)
class ReservedAttempt:
    """What the dialler holds once the store has accepted an attempt; nothing has been sent yet.

    ``attempt_id`` is unique for ever and is also the ARI channel id of the customer's leg. ``experiments`` are those of its
    campaign; ``arms`` what it runs with, once that is recorded (``services.arms``).
    """

    attempt_id: str
    campaign_id: str
    account: Account = field(repr=False)
    caller_id: str
    number: int
    reserved_at: datetime
    verdict: DialVerdict
    flow: str
    ring_timeout_s: float = 45.0
    voice: VoiceStyle = USUAL
    experiments: tuple[Experiment, ...] = ()
    arms: Arms = NO_ARMS
    team: str = ""
    """Whose agents take the call; '' where the bot does."""


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt without a disposition, as found at start or after a lost connection."""

    attempt_id: str
    campaign_id: str
    customer_id: str
    reserved_at: datetime
    dialled_at: datetime | None
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class TurnTiming:
    """The latency ledger of one answer of the bot, in seconds of call time; None for what did not happen.

    ``speech_ended_s`` last voice of the customer; ``final_text_s`` his words were final; ``decided_s`` the dialogue had its
    next sentence; ``audio_sent_s`` its first sound went to the PBX; ``on_wire_s`` its first frame left the PBX.
    """

    speech_ended_s: float | None = None
    final_text_s: float | None = None
    decided_s: float | None = None
    audio_sent_s: float | None = None
    on_wire_s: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance of one side. ``kind``: prompt, speech, keys, silence, event. ``at`` seconds of call time.

    ``interrupted``: a prompt that was stopped by barge-in. ``timing`` stands with prompts that answer something.
    ``covers``: what of the script a prompt said in full (opening, recording_notice, arrears_fact ...).
    """

    speaker: str
    kind: str
    text: str = field(repr=False)
    start_s: float
    end_s: float
    confidence: float = 1.0
    engine: str = ""
    interrupted: bool = False
    timing: TurnTiming | None = None
    covers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """Everything wrap-up writes when an attempt closes.

    ``conversation`` is what was said and agreed, None when nobody was talked to. ``recording_started_at`` is when the PBX
    began to record; ``recording_seconds`` the recording's length,
    ``recording_customer_s`` and ``recording_bot_s`` the sound on each leg. ``answer_verdict`` is who answered (human,
    machine ...), ``verdict_s`` when that was known, in call time.
    """

    attempt_id: str
    disposition: str
    ended_at: datetime
    answered_at: datetime | None = None
    sip_status: int | None = None
    q850_cause: int | None = None
    talk_seconds: float = 0.0
    recording: str | None = None
    transcript: str | None = None
    conversation: ConversationResult | None = None
    turns: tuple[Turn, ...] = ()
    facts: dict[str, object] = field(default_factory=dict)
    recording_started_at: datetime | None = None
    recording_seconds: float | None = None
    recording_customer_s: float | None = None
    recording_bot_s: float | None = None
    answer_verdict: str | None = None
    verdict_s: float | None = None

    @property
    def promise(self) -> PromiseToPay | None:
        """The first promise of the conversation."""
        return None if self.conversation is None else self.conversation.promise
