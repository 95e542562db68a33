"""The FunASR client against a server that keeps to the protocol, and against servers that do not."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.protocol import State

from ari_app.app import make_recognisers, recogniser_choices
from ari_app.config import Settings
from ari_app.dialogue.model import Grammar
from ari_app.errors import ConfigError, SpeechError
from ari_app.ports import EngineState, Transcript
from ari_app.services.engine_health import REST_S
from ari_app.speech.funasr import FunasrRecogniser, FunasrUtterance
from ari_app.speech.funasr_sockets import FunasrSockets
from tests.support.fake_funasr import FakeFunasr, Line, fake_funasr, result_message
from tests.support.until import until, until_asked

pytestmark = pytest.mark.fakes

ZH = Grammar("zh-ask-when", "zh", hot_words=("明天", "月底"))
FRAME = b"\x01\x02" * 320
PATIENCE = 10.0


@asynccontextmanager
async def listening(
    fake: FakeFunasr, *, languages: tuple[str, ...] = ("zh",)
) -> AsyncIterator[FunasrRecogniser]:
    recogniser = FunasrRecogniser(fake.url, languages=languages, spare_sockets=2, backoff_s=0.01)
    try:
        await recogniser.warm_up(PATIENCE)
        yield recogniser
    finally:
        await recogniser.close()


def speak(utterance: FunasrUtterance, seconds: float) -> None:
    for _ in range(round(seconds * 50)):
        utterance.feed(FRAME)


async def guess(utterance: FunasrUtterance) -> Transcript:
    """The first partial that comes: each waits for a moment only, however slow this machine is."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(TimeoutError):
                return await utterance.partial(PATIENCE)


async def said(recogniser: FunasrRecogniser, seconds: float = 0.8, patience: float = PATIENCE) -> Transcript:
    utterance = recogniser.open(ZH)
    speak(utterance, seconds)
    return await utterance.result(patience)


# ------------------------------------------------------------------------------------------- as it should be


async def test_an_utterance_is_heard() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.lines = [Line(("我明", "天还"), "我明天还。")]
        utterance = recogniser.open(ZH)
        speak(utterance, 1.3)

        async def both_pieces() -> bool:
            return (await guess(utterance)).text == "我明天还"

        await until_asked(both_pieces)
        so_far = await guess(utterance)
        assert (so_far.provisional, so_far.engine) == (True, "funasr")
        assert await utterance.result(PATIENCE) == Transcript("我明天还。", 0.95, "funasr")
        (told,) = fake.utterances
        assert told.first["mode"] == "2pass"
        assert json.loads(str(told.first["hotwords"])) == {"明天": 20, "月底": 20}
        assert told.texts[-1] == {"is_speaking": False}
        assert told.sound == FRAME * 65 + bytes(len(told.sound) - 65 * 640)


async def test_the_last_step_of_the_server_always_gets_sound() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        for frames in range(5, 16):
            fake.lines = [Line((), "好")]
            await said(recogniser, frames / 50)
        assert all(len(one.sound) % 1600 for one in fake.utterances)


async def test_each_utterance_has_a_socket_of_its_own_and_finds_it_open() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.lines = [Line((), "一"), Line((), "二"), Line((), "三")]
        for expected in "一二三":
            await fake.until_sockets(2)
            assert (await said(recogniser)).text == expected
        assert recogniser.socket_counters.unprepared == 0
        assert len({str(one.first["wav_name"]) for one in fake.utterances}) == 3


async def test_more_callers_than_spare_sockets_are_all_heard() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.lines = [Line((), "好的")] * 12
        heard = await asyncio.gather(*(said(recogniser) for _ in range(12)))
        assert {one.text for one in heard} == {"好的"}
        await fake.until_sockets(2)


async def test_segments_that_the_server_closed_earlier_belong_to_the_text() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.lines = [Line(("我明天", "还五百"), "还五百块。", earlier=("我明天，",))]
        assert await said(recogniser, 1.3) == Transcript("我明天，还五百块。", 0.95, "funasr")


async def test_silence_is_an_empty_text() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.lines = [Line()]
        assert await said(recogniser) == Transcript("", 0.0, "funasr")


async def test_almost_no_sound_is_not_sent_for_an_answer() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.hang = True
        assert await said(recogniser, 0.06) == Transcript("", 0.0, "funasr")


async def test_a_partial_waits_a_moment_and_never_says_that_nothing_was_said() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.lines = [Line(("是的",), "是的。")]
        fake.hold_online.clear()
        utterance = recogniser.open(ZH)
        speak(utterance, 0.7)
        with pytest.raises(TimeoutError):
            await utterance.partial(PATIENCE)  # the end of an utterance never waits so long for a guess
        waiting = asyncio.create_task(guess(utterance))
        fake.hold_online.set()
        assert (await waiting).text == "是的"
        assert (await utterance.result(PATIENCE)).text == "是的。"


async def test_a_language_that_is_not_configured_is_refused() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        assert recogniser.supports("zh")
        assert not recogniser.supports("en")
        with pytest.raises(SpeechError, match="funasr_languages"):
            recogniser.open(Grammar("en-opening", "en"))


async def test_english_is_heard_where_it_is_configured() -> None:
    async with fake_funasr() as fake, listening(fake, languages=("en",)) as recogniser:
        fake.lines = [Line(("i will", "pay"), "i will pay tomorrow")]
        utterance = recogniser.open(Grammar("en-ask-when", "en"))
        speak(utterance, 1.3)
        assert await utterance.result(PATIENCE) == Transcript("i will pay tomorrow", 0.95, "funasr")
        assert fake.utterances[0].first["svs_lang"] == "en"


# ------------------------------------------------------------------------------------------- relatives and oddities


async def test_a_server_whose_is_final_mirrors_is_speaking_is_understood() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.mirror = True
        fake.lines = [Line(("我明天还",), "我明天还。")]
        utterance = recogniser.open(ZH)
        speak(utterance, 0.7)
        assert (await guess(utterance)).text == "我明天还"
        assert (await utterance.result(PATIENCE)).text == "我明天还。"


async def test_a_server_without_a_closing_message_is_not_waited_for_long() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.quiet_end = True
        fake.lines = [Line((), "我明天还。")]
        assert (await said(recogniser)).text == "我明天还。"


async def test_results_of_other_people_are_not_taken() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.before_answer = [
            result_message("somebody", "我已经还了"),
            result_message("somebody", "不还", mode="2pass-online"),
        ]
        fake.lines = [Line((), "我明天还。")]
        assert (await said(recogniser)).text == "我明天还。"
        assert recogniser.counters.foreign_messages == 2


async def test_a_little_nonsense_is_survived_and_counted() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.before_answer = ["", "{", b"\x00\xff", "[]", '{"text": 3}', "[" * 50_000]
        fake.lines = [Line((), "好的")]
        assert (await said(recogniser)).text == "好的"
        assert recogniser.counters.odd_messages == 6


def garbage(fake: FakeFunasr) -> None:
    fake.instead = ["nonsense"] * 50


def strangers(fake: FakeFunasr) -> None:
    fake.instead = [result_message("somebody", "好的")] * 50


def oversized(fake: FakeFunasr) -> None:
    fake.instead = [result_message("u", "长" * 1_000_000)]


def endless_text(fake: FakeFunasr) -> None:
    fake.lines = [Line((), "长" * 5000)]


def no_utf8(fake: FakeFunasr) -> None:
    fake.raw_frames = [b"\x81\x04\xff\xfe\xfd\xfc"]


def no_websocket(fake: FakeFunasr) -> None:
    fake.raw_frames = [b"HTTP/1.1 500 Internal Server Error\r\n\r\n"]


def cut(fake: FakeFunasr) -> None:
    fake.drop_after = 9600


@pytest.mark.parametrize("manner", [garbage, strangers, oversized, endless_text, no_utf8, no_websocket, cut])
async def test_whatever_the_server_does_is_a_speech_error(manner: Callable[[FakeFunasr], None]) -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        manner(fake)
        with pytest.raises(SpeechError, match="funasr: ") as raised:
            await said(recogniser)
        assert "长" not in str(raised.value)
        assert recogniser.counters.broken == 1
        fake.__init__()  # type: ignore[misc]
        fake.lines = [Line((), "好的")]
        assert (await said(recogniser)).text == "好的"  # the next one is not concerned


async def test_a_server_that_hangs_is_a_time_out() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.hang = True
        with pytest.raises(TimeoutError):
            await said(recogniser, patience=0.05)
        assert recogniser.health()[0].timeouts == 1
        await fake.until_sockets(2)  # nobody waits for its answer any more


async def test_a_late_answer_disturbs_nobody() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.lines = [Line((), "第一句"), Line((), "第二句")]
        fake.hold_offline.clear()
        with pytest.raises(TimeoutError):
            await said(recogniser, patience=0.05)
        fake.hold_offline.set()
        assert (await said(recogniser)).text == "第二句"


async def test_an_answer_before_the_end_is_no_end() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.answer_first = True
        fake.lines = [Line((), "好的")]
        utterance = recogniser.open(ZH)
        speak(utterance, 0.2)
        assert (await guess(utterance)).text == "好的"
        speak(utterance, 0.2)
        with pytest.raises(TimeoutError):  # its closing message reads as one of a server that still listens
            await utterance.result(0.05)


async def test_a_server_that_takes_no_sound_stalls_nobody() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.stop_reading = True
        utterance = recogniser.open(ZH)
        speak(utterance, 39.0)
        with pytest.raises(TimeoutError):
            await utterance.result(0.05)
        await recogniser.close()
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("funasr")]


async def test_sound_beyond_the_longest_utterance_is_dropped_and_counted() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.lines = [Line((), "很长")]
        utterance = recogniser.open(ZH)
        for _ in range(3):
            utterance.feed(FRAME * 750)
        assert recogniser.counters.dropped_bytes == 5 * 32_000
        assert (await utterance.result(PATIENCE)).text == "很长"
        assert len(fake.utterances[0].sound) // 32_000 == 40


async def test_faults_in_a_row_send_the_choice_elsewhere() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.hang = True
        for _ in range(3):
            assert recogniser.supports("zh")
            with pytest.raises(TimeoutError):
                await said(recogniser, patience=0.01)
        assert not recogniser.supports("zh")
        assert recogniser.health()[0].state is EngineState.RESTING
        with pytest.raises(SpeechError, match="left alone"):
            recogniser.open(ZH)


async def test_after_a_rest_one_utterance_is_let_through() -> None:
    now = [0.0]
    async with fake_funasr() as fake:
        recogniser = FunasrRecogniser(fake.url, clock=lambda: now[0])
        await recogniser.warm_up(PATIENCE)
        fake.hang = True
        for _ in range(3):
            with pytest.raises(TimeoutError):
                await said(recogniser, patience=0.01)
        now[0] = REST_S
        fake.hang, fake.lines = False, [Line((), "好的")]
        trial = recogniser.open(ZH)
        assert not recogniser.supports("zh")
        speak(trial, 0.5)
        assert (await trial.result(PATIENCE)).text == "好的"
        assert recogniser.supports("zh")
        await recogniser.close()


# ------------------------------------------------------------------------------------------- asked wrongly


async def test_an_utterance_ends_once() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.lines = [Line((), "好的")]
        utterance = recogniser.open(ZH)
        speak(utterance, 0.5)
        await utterance.result(PATIENCE)
        utterance.feed(FRAME)
        with pytest.raises(SpeechError, match="already ended"):
            await utterance.result(PATIENCE)
        with pytest.raises(SpeechError, match="already ended"):
            await utterance.partial(PATIENCE)


async def test_a_cancelled_utterance_gives_its_socket_up() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        fake.hang = True
        utterance = recogniser.open(ZH)
        speak(utterance, 0.5)
        await fake.until_sockets(3)
        utterance.cancel()
        await fake.until_sockets(2)
        with pytest.raises(SpeechError, match="already ended"):
            await utterance.result(PATIENCE)


async def test_closing_ends_what_is_under_way() -> None:
    async with fake_funasr() as fake:
        async with listening(fake) as recogniser:
            fake.hang = True
            utterance = recogniser.open(ZH)
            speak(utterance, 0.5)
            waiting = asyncio.create_task(utterance.result(PATIENCE))
            await asyncio.sleep(0)
        with pytest.raises(SpeechError, match="thrown away"):
            await waiting
        assert not recogniser.supports("zh")
        with pytest.raises(SpeechError, match="closed"):
            await recogniser.warm_up(PATIENCE)
        await fake.until_sockets(0)


# ------------------------------------------------------------------------------------------- up and down


async def test_before_it_is_connected_it_hears_nothing() -> None:
    recogniser = FunasrRecogniser("ws://127.0.0.1:9")
    assert not recogniser.supports("zh")
    assert recogniser.health()[0].state is EngineState.RESTING
    with pytest.raises(SpeechError, match="not been connected"):
        recogniser.open(ZH)
    await recogniser.close()


async def test_a_server_that_comes_later_is_found() -> None:
    async with fake_funasr() as fake:
        port = int(fake.url.rpartition(":")[2])
    recogniser = FunasrRecogniser(f"ws://127.0.0.1:{port}", backoff_s=0.01)
    try:
        with pytest.raises(SpeechError, match="no FunASR server at"):
            await recogniser.warm_up(PATIENCE)
        assert not recogniser.supports("zh")
        async with fake_funasr(port=port) as fake:
            await until(lambda: recogniser.supports("zh"))
            fake.lines = [Line((), "好的")]
            assert (await said(recogniser)).text == "好的"
    finally:
        await recogniser.close()


async def test_a_server_that_goes_is_noticed_and_found_again() -> None:
    async with fake_funasr() as fake, listening(fake) as recogniser:
        await fake.until_sockets(2)
        fake.refuse = True
        for socket in list(fake.open_sockets):
            socket.transport.abort()
        await until(lambda: not recogniser.supports("zh"))
        with pytest.raises(SpeechError):
            recogniser.open(ZH)
        await until(lambda: recogniser.socket_counters.lost >= 2)
        fake.refuse = False
        await until(lambda: recogniser.supports("zh"))
        fake.lines = [Line((), "好的")]
        assert (await said(recogniser)).text == "好的"


@pytest.mark.virtual_time
async def test_attempts_to_connect_become_rarer() -> None:
    tried: list[float] = []
    loop = asyncio.get_running_loop()

    class Nowhere(FunasrSockets):
        async def _open(self) -> ClientConnection:
            tried.append(loop.time())
            raise SpeechError("no FunASR server")

    sockets = Nowhere("ws://127.0.0.1:9", jitter=lambda: 1.0, clock=loop.time)
    sockets.start()
    await asyncio.sleep(300)
    await sockets.close()
    assert [later - earlier for earlier, later in pairwise(tried)][:7] == [0.5, 1, 2, 4, 8, 16, 30]
    assert len(tried) == 15


class ClosedSocket:
    """A socket that its server has closed."""

    state = State.CLOSED

    async def close(self) -> None:
        pass


@pytest.mark.virtual_time
async def test_a_server_that_closes_its_sockets_at_once_is_left_alone_for_longer_and_longer() -> None:
    opened: list[float] = []
    loop = asyncio.get_running_loop()

    class Flapping(FunasrSockets):
        async def _open(self) -> ClientConnection:
            opened.append(loop.time())
            assert len(opened) < 1000, "it is asked again and again"
            return cast("ClientConnection", ClosedSocket())

    sockets = Flapping("ws://127.0.0.1:9", jitter=lambda: 1.0, clock=loop.time)
    sockets.start()
    await sockets.tried()
    await asyncio.sleep(1.0)
    assert not sockets.up
    await asyncio.sleep(300)
    await sockets.close()
    assert len(opened) < 20


async def test_a_server_whose_sockets_have_all_gone_is_down_before_anybody_looked() -> None:
    sockets = FunasrSockets("ws://127.0.0.1:9")
    sockets._is_up()
    seen = [sockets.up]
    sockets._spares.append((0.0, cast("ClientConnection", ClosedSocket())))
    seen.append(sockets.up)
    assert seen == [True, False]
    await sockets.close()


async def test_no_redirect_is_followed() -> None:
    async with fake_funasr() as fake:

        async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"HTTP/1.1 302 Found\r\nLocation: {fake.url}\r\nContent-Length: 0\r\n\r\n".encode())
            writer.close()

        server = await asyncio.start_server(redirect, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            recogniser = FunasrRecogniser(f"ws://127.0.0.1:{port}")
            with pytest.raises(SpeechError, match="302"):
                await recogniser.warm_up(PATIENCE)
            await recogniser.close()
        assert fake.sockets == 0


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 101 Switching\r\nUpgrade: no\r\n\r\n", b""]
)
async def test_something_else_on_that_port_is_a_speech_error(greeting: bytes) -> None:
    async def speak_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    server = await asyncio.start_server(speak_first, "127.0.0.1", 0)
    async with server:
        recogniser = FunasrRecogniser(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(SpeechError, match="no FunASR server"):
            await recogniser.warm_up(PATIENCE)
        await recogniser.close()


def test_it_is_made_from_the_settings() -> None:
    recognisers = {"zh": ["funasr", "pocketsphinx"], "en": ["pocketsphinx", "funasr"]}
    speech = {"recognisers": recognisers, "funasr_url": "ws://127.0.0.1:9", "funasr_languages": ["en", "zh"]}
    made = make_recognisers(Settings.model_validate({"speech": speech}))
    assert isinstance(made["funasr"], FunasrRecogniser)
    assert "not been connected" in made["funasr"].why_not("en")
    choices = recogniser_choices(Settings.model_validate({"speech": speech}), made)
    assert [health.name for health in choices["zh"].health()] == ["funasr", "pocketsphinx"]
    assert [health.name for health in choices["en"].health()] == ["pocketsphinx", "funasr"]


def test_without_an_address_it_is_no_recogniser() -> None:
    settings = Settings.model_validate({"speech": {"recognisers": {"zh": ["funasr"], "en": []}}})
    made = make_recognisers(settings)
    assert made == {}
    assert recogniser_choices(settings, made)["zh"].health() == ()


# ------------------------------------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, its key behind it in the same file."""
    folder = tmp_path_factory.mktemp("tls")
    path = folder / "server.pem"
    key = folder / "key.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"),
            *("-keyout", str(key), "-out", str(path)),
        ],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + key.read_bytes())
    return path


def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    async with fake_funasr(tls=server_tls(certificate)) as fake:
        recogniser = FunasrRecogniser(fake.url)
        with pytest.raises(SpeechError, match="certificate verify failed"):
            await recogniser.warm_up(PATIENCE)
        await recogniser.close()


@pytest.mark.parametrize("checked", [True, False])
async def test_a_trusted_certificate_or_none_at_all_can_be_chosen(certificate: Path, checked: bool) -> None:
    async with fake_funasr(tls=server_tls(certificate)) as fake:
        recogniser = FunasrRecogniser(
            fake.url, ca_file=certificate if checked else None, check_certificate=checked
        )
        await recogniser.warm_up(PATIENCE)
        fake.lines = [Line((), "好的")]
        assert (await said(recogniser)).text == "好的"
        await recogniser.close()


def test_a_file_without_certificates_is_a_setting_to_mend(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="funasr_ca_file"):
        FunasrRecogniser("wss://127.0.0.1:1", ca_file=tmp_path / "none.pem")
    (tmp_path / "some.pem").write_text("hello")
    with pytest.raises(ConfigError, match="funasr_ca_file"):
        FunasrRecogniser("wss://127.0.0.1:1", ca_file=tmp_path / "some.pem")
