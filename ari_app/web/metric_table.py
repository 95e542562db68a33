"""Every metric of the controller: where its value stands, and what it means.

Names follow Prometheus' conventions: ``ari_app_GROUP_WHAT``, ``_total`` for what only grows, base units in the name.
``docs/metrics.md`` lists the same names with what to do about them; a test compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PREFIX: Final = "ari_app"


class Kind(StrEnum):
    """How a value moves."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Row:
    """One metric: ``field`` of the readings of ``group``."""

    group: str
    field: str
    meaning: str
    kind: Kind = Kind.COUNTER

    @property
    def name(self) -> str:
        """As Prometheus knows it."""
        return f"{PREFIX}_{self.group}_{self.field}" + ("_total" if self.kind is Kind.COUNTER else "")


def _rows(group: str, kind: Kind, meanings: dict[str, str]) -> tuple[Row, ...]:
    return tuple(Row(group, field, meaning, kind) for field, meaning in meanings.items())


#: Labels of a group; all others have none. Values are names of engines, languages, tasks and trunks, nothing of a customer.
LABELS: Final[dict[str, str]] = {
    "recogniser": "engine",
    "recogniser_worker": "engine",
    "recogniser_choice": "language",
    "llm": "task",
    "trunk": "trunk",
    "alerts": "severity",
    "api": "route",
    "message": "channel",
    "message_state": "state",
    "message_refusal": "rule",
    "payment_callback": "provider",
}

_STATE: Final = (
    *_rows(
        "dialler",
        Kind.GAUGE,
        {
            "calls": "Calls in progress",
            "halted": "1 while nothing is dialled because store and PBX may disagree",
            "held_back": "Campaigns that start nothing because of their mode: no agents, or the limit on abandoned calls",
        },
    ),
    *_rows(
        "dialler",
        Kind.COUNTER,
        {
            "finished_calls": "Calls that have ended",
            "abandoned_calls": "People who answered and for whom no agent was there in time",
        },
    ),
    *_rows(
        "trunk",
        Kind.GAUGE,
        {
            "calls": "Calls that hold a line of the trunk",
            "open": "1 while its circuit breaker sends nothing there",
        },
    ),
    *_rows(
        "trunk",
        Kind.COUNTER,
        {
            "started": "Calls given to the trunk",
            "failed": "Calls at which the trunk failed: a SIP status of 5xx, or no reply to the INVITE",
            "opened": "Times that its circuit breaker opened",
        },
    ),
    *_rows("ari", Kind.GAUGE, {"connected": "1 while there is a connection to Asterisk"}),
    *_rows(
        "flow",
        Kind.GAUGE,
        {"file_problems": "Faults in flow files as they are now; calls use the last good version"},
    ),
    *_rows(
        "flow", Kind.COUNTER, {"guard_breaches": "Sentences that the guard replaced before they were said"}
    ),
    *_rows(
        "store",
        Kind.COUNTER,
        {"commits": "Write transactions", "operations": "Changes in them"},
    ),
    *_rows(
        "webhooks",
        Kind.COUNTER,
        {
            "sent": "Events that a receiver of webhooks has taken",
            "failed": "Requests to receivers that were no receipt",
            "dead": "Events that were given up after their last try",
            "store_faults": "Times that the store could not be read or written on the way of an event",
        },
    ),
    *_rows(
        "webhooks",
        Kind.GAUGE,
        {
            "waiting": "Events on their way to webhooks",
            "dead_letters": "Events that were given up and were not replayed",
            "endpoints_down": "Endpoints that are failing or disabled",
            "oldest_seconds": "Age of the oldest event that is on its way, in seconds",
        },
    ),
    *_rows(
        "alerts",
        Kind.GAUGE,
        {
            "open": "Alerts that are not closed",
            "overdue": "Those of which a deadline has passed",
        },
    ),
    *_rows(
        "api",
        Kind.COUNTER,
        {
            "requests": "Requests to the HTTP API that were answered",
            "refused": "Those refused: no right, too many, not valid, not there (4xx)",
            "failed": "Those that failed (5xx)",
            "seconds": "Time until their answers began, all together, in seconds",
        },
    ),
    *_rows("message", Kind.GAUGE, {"resting": "1 while the provider is left alone after failures"}),
    *_rows(
        "message",
        Kind.COUNTER,
        {
            "sent": "Messages that a provider has taken",
            "rejected": "Those that it refused",
            "busy": "Times that it did not take one, and may later",
            "unknown": "Those of which nobody knows whether they left",
            "refused": "Those that a rule stopped at the last moment",
        },
    ),
    *_rows(
        "message_state",
        Kind.GAUGE,
        {"messages": "Messages that came into the state they are in within 24 hours, counted once a minute"},
    ),
    *_rows(
        "payment_callback",
        Kind.COUNTER,
        {
            "applied": "Callbacks of payments that are in a ledger",
            "received": "Callbacks that move no money",
            "unmatched": "Callbacks of payments that wait for their bill",
            "refused": "Callbacks that contradict what was told before",
            "not_verified": "Callbacks that are not the provider's, stale or malformed; nothing of them is kept",
            "not_kept": "Callbacks that could not be written down; the provider tells them again",
        },
    ),
    *_rows(
        "message_refusal",
        Kind.GAUGE,
        {"suppressed": "Messages that a rule refused for good within 24 hours, by rule"},
    ),
    *_rows(
        "metrics",
        Kind.COUNTER,
        {
            "requests": "Requests that were answered here",
            "refused_requests": "Requests that were none, or asked for something that is not here",
            "dropped_connections": "Connections that were too many, too slow or too long",
        },
    ),
)

_RECOGNISERS: Final = (
    *_rows("recogniser", Kind.GAUGE, {"up": "1 while the engine is given utterances"}),
    *_rows(
        "recogniser",
        Kind.COUNTER,
        {
            "utterances": "Utterances whose text was asked for",
            "failures": "Utterances without a text by a fault of the engine",
            "timeouts": "Utterances without a text in time",
        },
    ),
    *_rows("recogniser", Kind.HISTOGRAM, {"result_seconds": "From the end of an utterance to its text"}),
    *_rows(
        "recogniser_choice",
        Kind.COUNTER,
        {
            "utterances": "Utterances in this language",
            "stepped_in": "Utterances that another engine than the first one had to take over",
            "timed_out": "Utterances that no engine heard in time",
            "failed": "Utterances that every engine failed at",
        },
    ),
    *_rows(
        "recogniser_worker",
        Kind.COUNTER,
        {
            "started": "Worker processes started",
            "not_started": "Worker processes that could not be started",
            "requests": "Requests to them",
            "batches": "Groups in which requests of several calls were worked on together",
            "died": "Workers that ended while they worked",
            "hung": "Workers that were ended because they did not answer",
            "turned_away": "Requests refused because too many were waiting",
        },
    ),
    *_rows(
        "funasr",
        Kind.COUNTER,
        {
            "dropped_bytes": "Sound beyond the longest utterance",
            "odd_messages": "Messages of the server that are none of the protocol's",
            "foreign_messages": "Results of other utterances than the one asked for",
            "broken": "Utterances whose socket went, or that were answered with nonsense",
        },
    ),
    *_rows(
        "funasr_socket",
        Kind.COUNTER,
        {
            "opened": "Sockets opened",
            "failed_connects": "Attempts to open one that failed",
            "lost": "Spare sockets that the server closed",
            "unprepared": "Utterances for which no open socket was at hand",
        },
    ),
)

_PROMPTS: Final = (
    *_rows(
        "prompts",
        Kind.COUNTER,
        {
            "rendered": "Fragments that a voice has spoken",
            "voice_failures": "Fragments that a voice could not speak",
            "late": "Sentences of which a running call had to wait for something",
            "mixed": "Sentences for which no single voice had everything",
        },
    ),
    *_rows(
        "prompt_store",
        Kind.COUNTER,
        {
            "from_memory": "Fragments taken from memory",
            "from_files": "Fragments taken from files",
            "write_failures": "Fragments that could not be written",
            "damaged_files": "Files that were damaged and rendered again",
            "evicted": "Fragments that had to leave the memory",
        },
    ),
)

_LANGUAGE: Final = (
    *_rows("llm", Kind.GAUGE, {"up": "1 while the language model is asked"}),
    *_rows(
        "llm",
        Kind.COUNTER,
        {
            "requests": "Requests to the language model",
            "failures": "Requests that failed, or whose answer could not be used",
            "timeouts": "Requests without an answer in time",
            "invalid": "Answers of the wrong shape or size, among the failures",
            "turned_away": "Requests not made: too many under way, or the model rests after faults",
            "seconds": "Time that answers took, all together, in seconds",
        },
    ),
    *_rows(
        "advice",
        Kind.COUNTER,
        {
            "asked": "Opinions and answers asked for in calls",
            "late": "Those that did not come in time",
            "failed": "Those that were not given",
            "used": "Opinions and answers that a conversation went by",
            "refused": "Opinions and answers that the rules did not let pass",
        },
    ),
    *_rows(
        "model_summary",
        Kind.COUNTER,
        {
            "kept": "Summaries by the language model that were kept",
            "refused": "Summaries that named what is not the result's",
            "failed": "Summaries that were not written or not stored",
            "dropped": "Calls for which none was asked: too many waited, or the program ended",
        },
    ),
)

_ASTERISK: Final = (
    *_rows(
        "ari",
        Kind.COUNTER,
        {
            "requests": "Requests written to the socket",
            "refused": "Requests answered with a status of 400 or more",
            "timeouts": "Requests whose outcome is unknown",
            "late_replies": "Answers that nobody waited for any more",
            "events": "Events received",
            "unknown_events": "Events of a type that is not known",
            "malformed": "Messages that lack what their type promises",
            "events_dropped": "Events that a subscriber was too slow for",
            "handler_errors": "Events whose handler failed",
            "connects": "Connections made",
            "disconnects": "Connections lost",
            "failed_connects": "Attempts to connect that failed",
        },
    ),
    *_rows(
        "ami",
        Kind.COUNTER,
        {
            "actions": "Actions sent",
            "refused": "Actions that Asterisk refused",
            "timeouts": "Actions without an answer in time",
            "connects": "Connections made",
            "lost": "Connections lost",
        },
    ),
    *_rows(
        "calls",
        Kind.COUNTER,
        {
            "prepared": "Calls whose channel, bridge and media were ready",
            "prepare_failed": "Calls that could not be prepared; nothing was dialled",
            "dialled": "INVITEs sent",
            "dial_unknown": "Dials whose request was not answered: the INVITE may have left",
            "gone": "Calls that ended without Asterisk telling so",
            "deferred_releases": "Releases done only after a reconnect",
        },
    ),
    *_rows(
        "media",
        Kind.COUNTER,
        {
            "opened": "Media sockets opened",
            "lost": "Media sockets that ended before their call",
            "restored": "Media sockets that were replaced in a running call",
            "frames_received": "Frames of 20 ms received",
            "frames_dropped": "Frames that a call was too slow for",
            "odd_messages": "Messages that are neither sound nor a known event",
            "xoff": "Times that Asterisk asked to hold the sound back",
        },
    ),
)

METRICS: Final[tuple[Row, ...]] = (*_STATE, *_RECOGNISERS, *_PROMPTS, *_LANGUAGE, *_ASTERISK)
