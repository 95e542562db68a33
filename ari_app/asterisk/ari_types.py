"""The ARI messages that are used, parsed defensively; everything else is counted by who reads it.

Source: the Asterisk REST interface, ``rest-api/events.json`` and ``rest-api/channels.json`` of Asterisk 22.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ari_app.errors import ConfigError
from ari_app.ports import AriEvent

#: Event types that this product acts upon; Asterisk is asked to send no other.
USED_EVENTS: tuple[str, ...] = (
    "ApplicationReplaced",
    "ChannelDestroyed",
    "ChannelDtmfReceived",
    "ChannelHangupRequest",
    "ChannelStateChange",
    "Dial",
    "StasisEnd",
    "StasisStart",
)

#: Types that Asterisk 22 may send until its event filter is set, or where the filter is not to be had.
HARMLESS_EVENTS: frozenset[str] = frozenset(
    {
        "ApplicationMoveFailed",
        "ApplicationRegistered",
        "ApplicationUnregistered",
        "BridgeCreated",
        "BridgeDestroyed",
        "BridgeMerged",
        "ChannelCallerId",
        "ChannelConnectedLine",
        "ChannelCreated",
        "ChannelDialplan",
        "ChannelEnteredBridge",
        "ChannelHold",
        "ChannelLeftBridge",
        "ChannelTalkingFinished",
        "ChannelTalkingStarted",
        "ChannelUnhold",
        "ChannelVarset",
        "ContactStatusChange",
        "DeviceStateChanged",
        "EndpointStateChange",
        "PeerStatusChange",
        "PlaybackFinished",
        "PlaybackStarted",
        "RecordingFailed",
        "RecordingFinished",
        "RecordingStarted",
        "TextMessageReceived",
    }
)
KNOWN_EVENTS = frozenset(USED_EVENTS) | HARMLESS_EVENTS


class MalformedMessage(ValueError):
    """A message of Asterisk that lacks what its type promises; it is counted and survived."""


@dataclass(slots=True)
class AriMetrics:
    """Counters of one connection since the start of the process; they only grow."""

    requests: int = 0
    """Requests written to the socket."""
    refused: int = 0
    """Requests answered with a status of 400 or more."""
    timeouts: int = 0
    """Requests whose outcome is unknown (no answer in time, or the connection went while they were out)."""
    late_replies: int = 0
    """Answers to requests that nobody waits for any more."""
    events: int = 0
    unknown_events: int = 0
    malformed: int = 0
    """Messages that are no JSON object, have no type, or lack what their type promises."""
    events_dropped: int = 0
    """Events that a subscriber of ``events()`` was too slow for; the oldest go first."""
    handler_errors: int = 0
    connects: int = 0
    disconnects: int = 0
    failed_connects: int = 0

    @property
    def reconnects(self) -> int:
        """Connections after the first."""
        return max(0, self.connects - 1)


@dataclass(frozen=True, slots=True)
class AriSettings:
    """Where ARI is and who we are there.

    ``url`` is the base of Asterisk's HTTP server (``http://127.0.0.1:8088``, ``https://...``), without ``/ari``;
    ``app`` the name of the Stasis application, which only one controller may serve.
    """

    url: str
    user: str
    password: str
    app: str = "ari-app"

    def __repr__(self) -> str:
        return f"AriSettings(url={self.url!r}, user={self.user!r}, app={self.app!r})"

    def websocket_url(self, path: str) -> str:
        """``ws://`` or ``wss://`` address of ``path`` (which begins with a slash).

        :raises ConfigError: ``url`` is not the base of an HTTP server.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise ConfigError(
                "the address of Asterisk's HTTP server must look like http://127.0.0.1:8088 (no user, no query)"
            )
        scheme = "wss" if parts.scheme == "https" else "ws"
        return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}{path}"


# --------------------------------------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class StasisStarted:
    """A channel is under control of the application: from now on it can be bridged and dialled."""

    channel_id: str
    name: str


@dataclass(frozen=True, slots=True)
class DialProgress:
    """How an INVITE fares: ``status`` is empty at its start, then PROGRESS, RINGING, ANSWER, BUSY, CANCEL ..."""

    channel_id: str
    status: str


@dataclass(frozen=True, slots=True)
class ChannelState:
    """``state`` is one of Down, Ring, Ringing, Up, Busy ..."""

    channel_id: str
    state: str


@dataclass(frozen=True, slots=True)
class ChannelGone:
    """``cause`` is the Q.850 cause, ``tech_cause`` the SIP status of the release; None where none was given."""

    channel_id: str
    cause: int | None
    tech_cause: int | None


@dataclass(frozen=True, slots=True)
class DtmfReceived:
    channel_id: str
    digit: str


TypedEvent = StasisStarted | DialProgress | ChannelState | ChannelGone | DtmfReceived


def _text(data: object, key: str) -> str:
    if isinstance(data, Mapping):
        value = data.get(key)
        if isinstance(value, str):
            return value
    raise MalformedMessage(key)


def _number(data: Mapping[str, object], key: str) -> int | None:
    """A positive whole number; Asterisk writes 0 where it knows none."""
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def channel_id_of(data: Mapping[str, object]) -> str | None:
    """Id of the channel that an event is about; a ``Dial`` event names it ``peer``."""
    channel = data.get("channel") or data.get("peer")
    value = channel.get("id") if isinstance(channel, Mapping) else None
    return value if isinstance(value, str) else None


def typed(event: AriEvent) -> TypedEvent | None:
    """The event as a value, None for a type that is not acted upon.

    :raises MalformedMessage: it lacks what its type promises.
    """
    data, channel = event.data, event.data.get("channel")
    match event.type:
        case "StasisStart":
            return StasisStarted(_text(channel, "id"), _text(channel, "name"))
        case "Dial":
            return DialProgress(_text(data.get("peer"), "id"), _text(data, "dialstatus"))
        case "ChannelStateChange":
            return ChannelState(_text(channel, "id"), _text(channel, "state"))
        case "ChannelDestroyed":
            return ChannelGone(_text(channel, "id"), _number(data, "cause"), _number(data, "tech_cause"))
        case "ChannelDtmfReceived":
            digit = _text(data, "digit").upper()
            if len(digit) != 1 or digit not in "0123456789*#ABCD":
                raise MalformedMessage("digit")
            return DtmfReceived(_text(channel, "id"), digit)
    return None


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """A channel in the list of ``GET channels``; ``app`` is the Stasis application that holds it, if one does."""

    channel_id: str
    name: str
    state: str
    app: str | None


def channels_seen(body: object) -> list[ChannelSeen]:
    """The channels of a ``GET channels`` reply; entries without an id or a state are left out."""
    if not isinstance(body, list):
        raise MalformedMessage("channels")
    found = []
    for entry in body:
        try:
            found.append(
                ChannelSeen(
                    _text(entry, "id"), _text(entry, "name"), _text(entry, "state"), _stasis_app(entry)
                )
            )
        except MalformedMessage:
            continue
    return found


def _stasis_app(channel: Mapping[str, object]) -> str | None:
    """``app_data`` is the application's name, with its arguments behind a comma."""
    place = channel.get("dialplan")
    if not isinstance(place, Mapping) or place.get("app_name") != "Stasis":
        return None
    data = place.get("app_data")
    return data.partition(",")[0] if isinstance(data, str) else None


# --------------------------------------------------------------------------------------------------- requests


def request_message(
    request_id: str,
    method: str,
    uri: str,
    params: Mapping[str, str] | None,
    body: Mapping[str, object] | None,
) -> str:
    """A ``RESTRequest`` as text."""
    message: dict[str, object] = {
        "type": "RESTRequest",
        "request_id": request_id,
        "method": method,
        "uri": uri,
    }
    if params:
        message["query_strings"] = [{"name": name, "value": value} for name, value in params.items()]
    if body is not None:
        message["content_type"] = "application/json"
        message["message_body"] = json.dumps(body)
    return json.dumps(message)


def decoded_body(text: object) -> object:
    """The JSON of a ``message_body``; None where there is none or it is no JSON."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def refusal_detail(body: object, reason_phrase: object) -> str:
    """What Asterisk says about a refused request, shortened, without control characters."""
    detail: object = reason_phrase
    if isinstance(body, Mapping):
        detail = body.get("message") or body.get("error") or reason_phrase
    text = detail if isinstance(detail, str) else "no reason given"
    return "".join(sign if sign.isprintable() else " " for sign in text)[:200]
