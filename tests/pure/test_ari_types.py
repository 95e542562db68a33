"""ARI messages, parsed without trust."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.asterisk.ari_types import (
    KNOWN_EVENTS,
    USED_EVENTS,
    AriSettings,
    ChannelGone,
    DialProgress,
    MalformedMessage,
    channel_id_of,
    channels_seen,
    decoded_body,
    refusal_detail,
    request_message,
    typed,
)
from ari_app.ports import AriEvent

pytestmark = pytest.mark.pure

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
CHANNEL = JSON | st.fixed_dictionaries({"id": JSON, "name": JSON, "state": JSON})
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "channel": CHANNEL,
        "peer": CHANNEL,
        "digit": JSON,
        "dialstatus": JSON,
        "cause": JSON,
        "tech_cause": JSON,
    },
)


@given(st.sampled_from(sorted(KNOWN_EVENTS)) | st.text(max_size=20), FIELDS)
def test_an_event_is_understood_unused_or_malformed_and_never_anything_else(
    kind: str, data: dict[str, object]
) -> None:
    event = AriEvent(kind, channel_id_of(data), data)
    try:
        found = typed(event)
    except MalformedMessage:
        return
    if found is None:
        assert kind not in {"StasisStart", "Dial", "ChannelStateChange", "ChannelDestroyed"}
    else:
        assert kind in USED_EVENTS
        assert isinstance(found.channel_id, str)
    if isinstance(found, ChannelGone):
        assert found.cause is None or (type(found.cause) is int and found.cause > 0)


@given(JSON)
def test_a_list_of_channels_holds_only_whole_entries(body: object) -> None:
    try:
        found = channels_seen(body)
    except MalformedMessage:
        assert not isinstance(body, list)
        return
    assert isinstance(body, list)
    assert len(found) <= len(body)


def test_the_channels_of_other_applications_are_told_apart() -> None:
    def channel(name: str, **place: object) -> dict[str, object]:
        return {"id": name, "name": f"PJSIP/{name}", "state": "Up", "dialplan": place}

    found = channels_seen(
        [
            channel("ours", app_name="Stasis", app_data="ari-app"),
            channel("with-arguments", app_name="Stasis", app_data="ari-app,x,y"),
            channel("dial", app_name="Dial", app_data="ari-app"),
            channel("odd", app_name="Stasis", app_data=7),
            {"id": "no-state", "name": "x"},
            "text",
        ]
    )
    assert {channel.channel_id: channel.app for channel in found} == {
        "ours": "ari-app",
        "with-arguments": "ari-app",
        "dial": None,
        "odd": None,
    }


def test_a_dial_event_names_its_channel_peer() -> None:
    data = {"type": "Dial", "peer": {"id": "c1"}, "dialstatus": "RINGING"}
    assert channel_id_of(data) == "c1"
    assert typed(AriEvent("Dial", "c1", data)) == DialProgress("c1", "RINGING")


@given(st.text(), st.dictionaries(st.text(max_size=10), st.text(max_size=20), max_size=3), JSON)
def test_a_request_is_one_json_object_whatever_its_values(
    uri: str, params: dict[str, str], value: object
) -> None:
    sent = json.loads(request_message("7", "POST", uri, params, {"variables": value}))
    assert (sent["type"], sent["request_id"], sent["uri"]) == ("RESTRequest", "7", uri)
    assert {pair["name"]: pair["value"] for pair in sent.get("query_strings", [])} == params
    assert json.loads(sent["message_body"]) == {"variables": value}


@given(JSON, JSON)
def test_a_refusals_detail_is_one_short_printable_line(body: object, phrase: object) -> None:
    detail = refusal_detail(body, phrase)
    assert len(detail) <= 200
    assert detail.isprintable()


@given(JSON)
def test_a_body_that_is_no_json_is_none(value: object) -> None:
    assert decoded_body(json.dumps(value)) == value
    assert decoded_body("{" + json.dumps(value)) is None or value == {}
    if not isinstance(value, str):
        assert decoded_body(value) is None


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("http://127.0.0.1:8088", "ws://127.0.0.1:8088/media/x"),
        ("https://pbx.example/", "wss://pbx.example/media/x"),
        ("http://pbx.example/asterisk", "ws://pbx.example/asterisk/media/x"),
        ("http://[::1]:8088", "ws://[::1]:8088/media/x"),
    ],
)
def test_addresses_of_sockets(url: str, wanted: str) -> None:
    assert AriSettings(url, "u", "p").websocket_url("/media/x") == wanted
