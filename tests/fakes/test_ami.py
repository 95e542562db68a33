"""AMI against a server that refuses, hangs and breaks off; above all: nothing is ever sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from ari_app.asterisk.ami import ACTIONS, AmiConnection, AmiSettings, ami_connection
from ari_app.asterisk.trunks import TrunkContact, reload_module, trunk_contacts, trunk_registrations
from ari_app.errors import ConfigError, NotConnected, RequestRefused, RequestTimeout
from tests.support.until import until

pytestmark = pytest.mark.fakes

SECRET = "s3cret-p4ss"


@dataclass(slots=True)
class FakeAmi:
    """Speaks AMI; ``silent`` names actions that are not answered."""

    port: int = 0
    actions: list[dict[str, str]] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    rows: dict[str, list[str]] = field(default_factory=dict)
    logins: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def settings(self) -> AmiSettings:
        return AmiSettings("127.0.0.1", self.port, "bot", SECRET)

    def names(self) -> list[str]:
        return [action["Action"] for action in self.actions]

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            writer.write(b"Asterisk Call Manager/11.0.0\r\n")
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                lines = [line.partition(": ") for line in text.strip().split("\r\n")]
                action = {key: value for key, _, value in lines}
                self.actions.append(action)
                self._answer(writer, action)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone, or the test cut it
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, writer: asyncio.StreamWriter, action: dict[str, str]) -> None:
        name, head = action["Action"], f"ActionID: {action.get('ActionID', '')}\r\n"
        if name in self.silent:
            return
        if name == "Login":
            self.logins += 1
            good = action["Secret"] == SECRET
            answer = "Response: Success\r\n" if good else "Response: Error\r\n"
            writer.write((answer + head + "Message: Authentication\r\n\r\n").encode())
        elif name in self.refused:
            writer.write(f"Response: Error\r\n{head}Message: No such channel\r\n\r\n".encode())
        elif name in self.rows:
            rows = self.rows[name]
            start = f"Response: Success\r\n{head}EventList: start\r\nMessage: A list follows\r\n\r\n"
            body = "".join(f"{row}\r\n{head}\r\n" for row in rows)
            end = f"Event: {name}Complete\r\n{head}EventList: Complete\r\nListItems: {len(rows)}\r\n\r\n"
            writer.write((start + body + end).encode())
        else:
            writer.write(f"Response: Success\r\n{head}Message: done\r\n\r\n".encode())


@asynccontextmanager
async def fake_ami() -> AsyncIterator[FakeAmi]:
    fake = FakeAmi()
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        fake.cut()
        await until(lambda: not fake._writers)
        await server.wait_closed()


@pytest.fixture
async def server() -> AsyncIterator[FakeAmi]:
    async with fake_ami() as fake:
        yield fake


@asynccontextmanager
async def connected(server: FakeAmi, **options: float) -> AsyncIterator[AmiConnection]:
    ami = AmiConnection(
        server.settings,
        action_timeout_s=options.get("action_timeout_s", 5.0),
        ping_s=options.get("ping_s", 60.0),
        backoff_s=0.01,
        jitter=lambda: 0.0,
    )
    await ami.start()
    try:
        yield ami
    finally:
        await ami.close()


async def test_an_action_is_answered(server: FakeAmi) -> None:
    async with connected(server) as ami:
        answer = await ami.action("MixMonitor", {"Channel": "c1", "Options": "r(a.wav)"})
    assert answer["Message"] == "done"
    assert server.actions[-1]["Channel"] == "c1"


async def test_events_are_not_asked_for(server: FakeAmi) -> None:
    async with connected(server):
        pass
    assert server.actions[0]["Events"] == "off"


async def test_a_refused_action_tells_why(server: FakeAmi) -> None:
    server.refused.add("MixMonitor")
    async with connected(server) as ami:
        with pytest.raises(RequestRefused, match="No such channel"):
            await ami.action("MixMonitor", {"Channel": "c1"})
        assert ami.metrics.refused == 1


async def test_an_unanswered_action_has_an_unknown_outcome(server: FakeAmi) -> None:
    server.silent.add("MixMonitor")
    async with connected(server) as ami:
        with pytest.raises(RequestTimeout):
            await ami.action("MixMonitor", {"Channel": "c1"}, timeout_s=0.02)


async def test_an_action_under_way_when_the_connection_goes_is_never_sent_again(server: FakeAmi) -> None:
    server.silent.add("MixMonitor")
    async with connected(server) as ami:
        asking = asyncio.create_task(ami.action("MixMonitor", {"Channel": "c1"}))
        await until(lambda: "MixMonitor" in server.names())
        server.cut()
        with pytest.raises(RequestTimeout, match="unknown"):
            await asking
        await until(lambda: ami.connected and server.logins == 2)
        await ami.action("Ping")
    assert server.names().count("MixMonitor") == 1


async def test_without_a_connection_nothing_is_sent(server: FakeAmi) -> None:
    ami = AmiConnection(server.settings)
    with pytest.raises(NotConnected):
        await ami.action("Ping")
    assert server.actions == []


async def test_a_ping_that_is_not_answered_ends_the_connection_and_a_new_one_is_made(
    server: FakeAmi,
) -> None:
    server.silent.add("Ping")
    async with connected(server, ping_s=0.01, action_timeout_s=0.2) as ami:
        await until(lambda: server.logins >= 2)
        server.silent.clear()
        await until(lambda: ami.connected)
        assert ami.metrics.lost >= 1


async def test_a_wrong_secret_is_an_error_without_the_secret(server: FakeAmi) -> None:
    with pytest.raises(ConfigError, match=r"refused the AMI user 'bot'.*manager\.conf") as caught:
        async with ami_connection(replace(server.settings, secret="hunter2")):
            pass
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(replace(server.settings, secret="hunter2"))


async def test_a_server_that_says_nothing_is_not_waited_for_for_ever(server: FakeAmi) -> None:
    server.silent.add("Login")
    with pytest.raises(NotConnected, match="no AMI at"):
        await AmiConnection(server.settings, action_timeout_s=0.05).start()


async def test_start_waits_for_an_asterisk_that_is_still_booting(server: FakeAmi) -> None:
    server.silent.add("Login")
    ami = AmiConnection(server.settings, action_timeout_s=0.05, backoff_s=0.01)
    starting = asyncio.create_task(ami.start(patience_s=30))
    await until(lambda: server.names().count("Login") >= 2)
    server.silent.clear()
    await starting
    assert ami.connected
    await ami.close()


async def test_no_server_at_all(server: FakeAmi) -> None:
    with pytest.raises(NotConnected, match="no AMI at"):
        await AmiConnection(replace(server.settings, port=1), action_timeout_s=1).start()


@pytest.mark.parametrize("name", ["Originate", "originate", "Command", "AGI", "Ping\r\nAction: Originate"])
async def test_no_other_action_can_be_sent(server: FakeAmi, name: str) -> None:
    async with connected(server) as ami:
        with pytest.raises(ValueError, match="not an action"):
            await ami.action(name)
    assert set(server.names()) <= {"Login"}
    assert "Originate" not in ACTIONS


@pytest.mark.parametrize(
    "fields",
    [{"Channel": "x\r\nAction: Originate"}, {"Channel": "x\ny"}, {"Channel: a\r\nX": "y"}, {"Channel": "\0"}],
)
async def test_no_field_can_begin_another_header(server: FakeAmi, fields: dict[str, str]) -> None:
    async with connected(server) as ami:
        with pytest.raises(ValueError, match="control character"):
            await ami.action("MixMonitor", fields)
    assert set(server.names()) <= {"Login"}


async def test_state_of_a_trunk(server: FakeAmi) -> None:
    server.rows["PJSIPShowEndpoint"] = [
        "Event: AorDetail\r\nObjectName: trunk",
        "Event: ContactStatusDetail\r\nAOR: trunk\r\nURI: sip:a\r\nStatus: Reachable\r\nRoundtripUsec: 521",
        "Event: ContactStatusDetail\r\nAOR: trunk\r\nURI: sip:b\r\nStatus: Unreachable\r\nRoundtripUsec: N/A",
    ]
    server.rows["PJSIPShowRegistrationsOutbound"] = [
        "Event: OutboundRegistrationDetail\r\nObjectName: trunk-registration\r\nStatus: Rejected"
    ]
    async with connected(server) as ami:
        assert await trunk_contacts(ami, "trunk") == [
            TrunkContact("trunk", "sip:a", "Reachable", 0.521),
            TrunkContact("trunk", "sip:b", "Unreachable", None),
        ]
        assert await trunk_registrations(ami) == {"trunk-registration": "Rejected"}
        server.refused.add("PJSIPShowEndpoint")
        with pytest.raises(RequestRefused):
            await trunk_contacts(ami, "nope")


async def test_a_module_is_read_again(server: FakeAmi) -> None:
    async with connected(server) as ami:
        await reload_module(ami, "pbx_config")
        assert server.actions[-1]["Module"] == "pbx_config.so"
        with pytest.raises(ValueError, match="not a module"):
            await reload_module(ami, "x; core stop now")
