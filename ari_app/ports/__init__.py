"""What the use cases need from the outside, as protocols. Adapters implement them; ``app.py`` joins the two."""

from __future__ import annotations

from ari_app.ports.clock import Clock
from ari_app.ports.dialogue import Dialogue, Flows
from ari_app.ports.language import LanguageModel
from ari_app.ports.speech import (
    RESULT_BUCKETS_S,
    EngineHealth,
    EngineState,
    Prompts,
    Recogniser,
    RecognitionStream,
    Transcript,
    Voice,
)
from ari_app.ports.store import (
    AttemptHistory,
    CampaignCount,
    FlagRecord,
    ListRecord,
    LoadCount,
    OutboxEvent,
    Store,
    VerdictRecord,
)
from ari_app.ports.telephony import (
    Ari,
    AriEvent,
    AriReply,
    CallLeg,
    HearFrame,
    MediaEvent,
    MediaFrame,
    MediaKey,
    MediaMark,
    MediaRestored,
    MediaStarted,
    MediaStream,
    Recorder,
    RecordingCheck,
    Telephony,
)

__all__ = [
    "RESULT_BUCKETS_S",
    "Ari",
    "AriEvent",
    "AriReply",
    "AttemptHistory",
    "CallLeg",
    "CampaignCount",
    "Clock",
    "Dialogue",
    "EngineHealth",
    "EngineState",
    "FlagRecord",
    "Flows",
    "HearFrame",
    "LanguageModel",
    "ListRecord",
    "LoadCount",
    "MediaEvent",
    "MediaFrame",
    "MediaKey",
    "MediaMark",
    "MediaRestored",
    "MediaStarted",
    "MediaStream",
    "OutboxEvent",
    "Prompts",
    "Recogniser",
    "RecognitionStream",
    "Recorder",
    "RecordingCheck",
    "Store",
    "Telephony",
    "Transcript",
    "VerdictRecord",
    "Voice",
]
