"""The online voice against a server of our own that speaks the service's protocol, well or badly."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import aiohttp
import av
import edge_tts.communicate
import numpy as np
import pytest
from aiohttp import web

from ari_app.errors import SpeechError
from ari_app.speech.edge import EdgeVoice, decoded
from ari_app.voice.loudness import loudness_dbfs
from ari_app.voice.pcm import duration_s, to_samples
from tests.support.sounds import voice

pytestmark = pytest.mark.fakes

Behaviour = Callable[[web.WebSocketResponse], Awaitable[None]]


def mp3_of(pcm: bytes) -> bytes:
    """Encoded as the service does it: 24 kHz, 48 kbit/s."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=24_000, layout="mono")
        stream.bit_rate = 48_000
        frame = av.AudioFrame.from_ndarray(to_samples(pcm).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 16_000
        resampler = av.AudioResampler(format="s16p", layout="mono", rate=24_000, frame_size=1152)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def audio_message(data: bytes) -> bytes:
    head = b"X-RequestId:1\r\nContent-Type:audio/mpeg\r\nPath:audio\r\n"
    return len(head).to_bytes(2, "big") + head + data


async def send(socket: web.WebSocketResponse, data: bytes) -> None:
    await socket.send_str("Path:turn.start\r\n\r\n{}")
    for start in range(0, len(data), 700):
        await socket.send_bytes(audio_message(data[start : start + 700]))
    await socket.send_str("Path:turn.end\r\n\r\n{}")


class Service:
    """A local WebSocket server in place of the service; keeps what it was asked to say."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.behaviour: Behaviour | None = None
        self.status = 101

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.status != 101:
            return web.Response(status=self.status)
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        await socket.receive_str()
        self.asked.append(await socket.receive_str())
        if self.behaviour is not None:
            await self.behaviour(socket)
        return socket


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    one = Service()
    application = web.Application()
    application.router.add_get("/speech", one.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    monkeypatch.setattr(edge_tts.communicate, "WSS_URL", f"ws://{host}:{port}/speech?key=1")
    yield one
    await runner.cleanup()


async def test_a_text_becomes_sound(service: Service) -> None:
    spoken = mp3_of(voice(1.5, dbfs=-30))
    service.behaviour = lambda socket: send(socket, spoken)
    online = EdgeVoice()
    pcm = await online.synthesise("Good <morning> & welcome", "en")
    assert duration_s(pcm) == pytest.approx(1.5, abs=0.2)
    assert loudness_dbfs(pcm) == pytest.approx(-20.0, abs=0.5)
    assert "AriaNeural" in service.asked[0]
    assert "Good &lt;morning&gt; &amp; welcome" in service.asked[0]
    assert online.online
    assert online.supports("zh")
    assert not online.supports("fr")


@pytest.mark.parametrize(("speed", "rate"), [(1.0, "+0%"), (1.25, "+25%"), (2.0, "+100%"), (0.5, "-50%")])
async def test_voice_and_speed_are_asked_for_and_part_of_the_name(
    service: Service, speed: float, rate: str
) -> None:
    spoken = mp3_of(voice(0.5))
    service.behaviour = lambda socket: send(socket, spoken)
    online = EdgeVoice({"zh": "zh-CN-YunxiNeural"}, speed=speed)
    await online.synthesise("您好", "zh")
    assert "YunxiNeural" in service.asked[0]
    assert f"rate='{rate}'" in service.asked[0]
    assert online.name.startswith("edge-tts ")
    assert rate in online.name
    assert "zh-CN-YunxiNeural" in online.name


async def nothing(socket: web.WebSocketResponse) -> None:
    await send(socket, b"")


async def goes_away(socket: web.WebSocketResponse) -> None:
    await socket.close()


async def nonsense(socket: web.WebSocketResponse) -> None:
    await socket.send_str("Path:something\r\n\r\n{}")


async def no_mp3(socket: web.WebSocketResponse) -> None:
    await send(socket, b"surely no mp3" * 50)


async def mute(socket: web.WebSocketResponse) -> None:
    await socket.receive()  # until the other side gives up


async def without_end(socket: web.WebSocketResponse) -> None:
    with suppress(ConnectionResetError):
        while True:
            await socket.send_bytes(audio_message(bytes(500_000)))


@pytest.mark.parametrize(
    ("behaviour", "message"),
    [
        (nothing, "NoAudioReceived"),
        (goes_away, "NoAudioReceived"),
        (nonsense, "UnknownResponse"),
        (no_mp3, "cannot be decoded"),
        (mute, r"no sound after 0\.2 s"),
        (without_end, "without end"),
    ],
)
async def test_a_service_that_misbehaves_is_an_error_in_bounded_time(
    service: Service, behaviour: Behaviour, message: str
) -> None:
    service.behaviour = behaviour
    online = EdgeVoice(timeout_s=0.2 if behaviour is mute else 20.0)
    with pytest.raises(SpeechError, match=message) as caught:
        await online.synthesise("the secret of the fox", "en")
    assert "fox" not in str(caught.value)


async def test_a_service_that_refuses_or_is_not_there_is_an_error(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.status = 500
    with pytest.raises(SpeechError, match="WSServerHandshakeError"):
        await EdgeVoice().synthesise("hello", "en")
    monkeypatch.setattr(edge_tts.communicate, "WSS_URL", "ws://127.0.0.1:1/speech?key=1")
    with pytest.raises(SpeechError, match="ClientConnectorError"):
        await EdgeVoice().synthesise("hello", "en")


async def test_what_cannot_be_said_is_refused_before_anything_is_sent(service: Service) -> None:
    online = EdgeVoice({"en": "no such voice"})
    for text, language, message in (
        ("hello", "fr", "no speaker"),
        ("  ", "en", "nothing to say"),
        ("x" * 2000, "en", "allowed: 1000"),
        ("hello", "en", "ValueError"),
    ):
        with pytest.raises(SpeechError, match=message):
            await online.synthesise(text, language)
    assert service.asked == []


def test_decoding_keeps_pitch_and_length() -> None:
    time = np.arange(16_000) / 16_000
    tone = (8_000 * np.sin(2 * np.pi * 1_000 * time)).astype(np.int16)
    samples = to_samples(decoded(mp3_of(tone.tobytes()))).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(samples))
    assert np.argmax(spectrum) * 16_000 / samples.size == pytest.approx(1_000, abs=5)
    assert 0.95 < samples.size / 16_000 < 1.2


def test_the_errors_that_are_caught_are_those_that_are_raised() -> None:
    assert issubclass(aiohttp.WSServerHandshakeError, aiohttp.ClientError)
    assert issubclass(aiohttp.SocketTimeoutError, (aiohttp.ClientError, TimeoutError))
