"""A recogniser that streams to a FunASR runtime server (funasr-wss-server-2pass): the production choice for Chinese.

One utterance has one socket, taken open from a small stock. Sound goes out while the customer speaks, so the server
has heard everything when he stops. Whatever the server does, an utterance ends in a text, a SpeechError or a
TimeoutError.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ari_app.dialogue.model import Grammar
from ari_app.errors import SpeechError
from ari_app.ports import EngineHealth, EngineState, Transcript
from ari_app.services.engine_health import EngineAccount
from ari_app.speech.funasr_protocol import (
    END_MESSAGE,
    NOT_COMPARED,
    HeardSoFar,
    OddMessageError,
    read_message,
    start_message,
)
from ari_app.speech.funasr_sockets import FunasrSockets, SocketCounters, tls_context
from ari_app.speech.utterance import LONGEST_UTTERANCE_S
from ari_app.voice.pcm import SAMPLE_RATE

log = structlog.get_logger(__name__)

_SECOND: Final = 2 * SAMPLE_RATE
_MOST_BYTES: Final = int(LONGEST_UTTERANCE_S) * _SECOND
_SHORTEST_BYTES: Final = _SECOND // 10
_BLOCK: Final = (
    1920  # the server works in steps of 50 ms (1,600 bytes) and begins one when it has more than that
)
_STEP: Final = 1600
_MOST_SENT: Final = 32_000
_PAD: Final = bytes(640)
PARTIAL_WAIT_S: Final = 0.15
"""Longer than a server takes for a step, and shorter than a pause in which the end of an utterance is decided."""
_SETTLE_S: Final = 0.5
_MOST_ODD: Final = 20
_LIFE_S: Final = 120.0


@dataclass(slots=True)
class FunasrCounters:
    """What happened to the utterances."""

    dropped_bytes: int = 0
    """Sound beyond 40 s of an utterance."""
    odd_messages: int = 0
    foreign_messages: int = 0
    """Results of other utterances than the one that the socket was opened for."""
    broken: int = 0
    """Utterances whose socket went, or that the server answered with nonsense."""


class FunasrRecogniser:
    """Hears the languages that its server has models for."""

    name = "funasr"

    def __init__(
        self,
        url: str,
        *,
        languages: Sequence[str] = ("zh",),
        ca_file: Path | None = None,
        check_certificate: bool = True,
        spare_sockets: int = 4,
        open_timeout_s: float = 3.0,
        backoff_s: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """:param url: ``ws://host:port`` or ``wss://host:port``.
        :param ca_file: PEM certificates that count for ``wss`` instead of the system's.
        :param spare_sockets: how many stand open for the next utterances.

        Raises ConfigError when the certificates cannot be read.
        """
        self.counters = FunasrCounters()
        self._languages = tuple(languages)
        self._clock = clock
        self._account = EngineAccount(self.name)
        self._sockets = FunasrSockets(
            url,
            tls=tls_context(url, ca_file, check_certificate),
            spare=spare_sockets,
            open_timeout_s=open_timeout_s,
            backoff_s=backoff_s,
            clock=clock,
        )
        self._running: set[asyncio.Task[None]] = set()

    @property
    def socket_counters(self) -> SocketCounters:
        """What happened to its sockets."""
        return self._sockets.counters

    def supports(self, language: str) -> bool:
        """Whether the server has this language and can be reached now; False while it is left alone after faults."""
        return not self.why_not(language) and not self._account.resting(self._clock())

    def why_not(self, language: str) -> str:
        """Why a language cannot be heard now; empty when it can."""
        if language not in self._languages:
            return f"speech.funasr_languages does not name {language!r}"
        if not self._sockets.up:
            return self._sockets.trouble or "the FunASR server has closed its sockets"
        return ""

    def health(self) -> Sequence[EngineHealth]:
        """Its figures; resting while the server cannot be reached."""
        health = self._account.health(self._clock())
        return (health if self._sockets.up else replace(health, state=EngineState.RESTING),)

    def open(self, grammar: Grammar) -> FunasrUtterance:
        """Begin an utterance; raises SpeechError where the language cannot be heard now."""
        problem = self.why_not(grammar.language)
        if problem:
            raise SpeechError(f"funasr: {problem}")
        if not self._account.willing(self._clock()):
            raise SpeechError("funasr: left alone for a while after several faults in a row")
        utterance = FunasrUtterance(
            self._sockets, self.counters, self._account, self._clock, grammar.language, grammar.hot_words
        )
        self._running.add(utterance.task)
        utterance.task.add_done_callback(self._running.discard)
        return utterance

    async def warm_up(self, timeout_s: float) -> None:
        """Connect, and keep connected from now on, also when this raises SpeechError or TimeoutError."""
        self._sockets.start()
        async with asyncio.timeout(timeout_s):
            await self._sockets.tried()
        if not self._sockets.up:
            raise SpeechError(self._sockets.trouble)

    async def close(self) -> None:
        """End utterances and sockets; no task is left."""
        running = set(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        await self._sockets.close()


class FunasrUtterance:
    """One utterance on its way through the server (ports.RecognitionStream)."""

    def __init__(
        self,
        sockets: FunasrSockets,
        counters: FunasrCounters,
        account: EngineAccount,
        clock: Callable[[], float],
        language: str,
        hot_words: tuple[str, ...],
    ) -> None:
        self._sockets = sockets
        self._counters = counters
        self._account = account
        self._clock = clock
        self._id = f"u-{secrets.token_hex(10)}"
        self._start = start_message(self._id, language, hot_words)
        self._heard = HeardSoFar()
        self._waiting = bytearray()
        self._fed = 0
        self._sent = 0
        self._ended = False
        self._end_sent = False
        self._mirrors = False
        self._complete = False
        self._failure = ""
        self._sound = asyncio.Event()
        self._text = asyncio.Event()
        self.task = asyncio.create_task(self._run(), name="funasr utterance")

    # ------------------------------------------------------------------------------------------- the stream

    def feed(self, pcm: bytes) -> None:
        """Add slin16 sound; never waits. What lies beyond 40 s of an utterance is dropped and counted."""
        if self._ended or self._failure:
            return
        room = _MOST_BYTES - self._fed
        self._counters.dropped_bytes += max(0, len(pcm) - room)
        self._fed += min(len(pcm), room)
        self._waiting += pcm[:room]
        self._sound.set()

    async def partial(self, timeout_s: float) -> Transcript:
        """The text so far, provisional. Raises SpeechError, and TimeoutError where a moment later there is no text yet.

        The streaming model hears 600 ms at a time, so the text may lack the last words. That there is none yet says
        nothing about the sound, and is therefore no empty text.
        """
        if self._ended:
            raise SpeechError("the utterance has already ended")
        if not (self._failure or self._heard.text):
            async with asyncio.timeout(min(timeout_s, PARTIAL_WAIT_S)):
                await self._text.wait()
        if self._failure:
            raise SpeechError(f"funasr: {self._failure}")
        return Transcript(self._heard.text, NOT_COMPARED, FunasrRecogniser.name, provisional=True)

    async def result(self, timeout_s: float) -> Transcript:
        """End the utterance and get its text. Raises SpeechError (also when asked twice or cancelled), TimeoutError."""
        if self._ended:
            raise SpeechError("the utterance has already ended")
        self._ended = True
        if self._fed < _SHORTEST_BYTES:
            self.task.cancel()
            return Transcript("", 0.0, FunasrRecogniser.name)
        began = self._clock()
        self._sound.set()
        try:
            await asyncio.wait({self.task}, timeout=timeout_s)
        finally:
            self.task.cancel()  # without effect where it has ended
        now = self._clock()
        if self._complete:
            self._account.succeeded(now - began)
            text, confidence = self._heard.final()
            return Transcript(text, confidence, FunasrRecogniser.name)
        if self._failure:
            self._account.failed(now)
            raise SpeechError(f"funasr: {self._failure}")
        self._account.timed_out(now)
        raise TimeoutError(f"funasr: no result within {timeout_s:g} s")

    def cancel(self) -> None:
        """Throw the utterance away."""
        self._ended = True
        self._waiting.clear()
        self.task.cancel()

    # ------------------------------------------------------------------------------------------- the socket

    def _fail(self, why: str) -> None:
        self._failure = self._failure or why
        self._counters.broken += 1
        self._waiting.clear()
        self._text.set()

    async def _run(self) -> None:
        """Everything between the first sound and the final text; its outcome stands in the fields."""
        try:
            async with asyncio.timeout(_LIFE_S):
                socket = await self._sockets.take()
                try:
                    await self._talk(socket)
                finally:
                    self._sockets.retire(socket)
        except ConnectionClosed as error:
            self._fail(f"the server closed the socket ({error.rcvd.code if error.rcvd else 'no code'})")
        except OddMessageError as error:
            self._fail(f"the server sent {error}")
        except SpeechError as error:
            self._fail(str(error))
        except TimeoutError:
            self._fail("the utterance was left open")
        except asyncio.CancelledError:
            self._failure = self._failure or "the utterance was thrown away"
            raise
        except Exception as error:  # whatever it is, the call goes on
            log.exception("recogniser failed", engine=FunasrRecogniser.name, error_type=type(error).__name__)
            self._fail("an internal error")

    async def _talk(self, socket: ClientConnection) -> None:
        sending = asyncio.create_task(self._send(socket), name="funasr sound")
        try:
            await self._listen(socket)
        finally:
            sending.cancel()
            # What went wrong with it, went wrong with the socket, and the reader has met it too.
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, socket: ClientConnection) -> None:
        await socket.send(self._start)
        while not self._end_sent:
            await self._sound.wait()
            self._sound.clear()
            while len(self._waiting) >= (1 if self._ended else _BLOCK):
                block = bytes(self._waiting[:_MOST_SENT])
                del self._waiting[:_MOST_SENT]
                await socket.send(block)
                self._sent += len(block)
            if self._ended:
                if self._sent % _STEP == 0:
                    await socket.send(_PAD)  # so that something is left for the server's last, final step
                self._end_sent = True
                await socket.send(END_MESSAGE)

    async def _listen(self, socket: ClientConnection) -> None:
        odd, settled_at = 0, None
        loop = asyncio.get_running_loop()
        while not self._complete:
            try:
                async with asyncio.timeout_at(settled_at):
                    received = await socket.recv()
            except TimeoutError:
                break
            try:
                message = read_message(received)
                if message.wav_name != self._id:
                    self._counters.foreign_messages += 1
                    raise OddMessageError("results of other utterances")
            except OddMessageError as error:
                self._counters.odd_messages += 1
                odd += 1
                if odd > _MOST_ODD:
                    raise OddMessageError(f"too many messages that are no results ({error})") from None
                continue
            self._heard.take(message)
            if self._heard.text:
                self._text.set()
            if not self._end_sent:
                # Some servers of the family say by this field that they still listen: they mirror is_speaking.
                self._mirrors = self._mirrors or message.is_final
            elif message.is_final is not self._mirrors:
                self._complete = True
            elif message.offline:
                # The corrected text is there. The closing message follows at once, or this server sends none.
                settled_at = loop.time() + _SETTLE_S
        self._complete = True
