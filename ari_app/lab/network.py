"""The laboratory as a whole: carrier, silent trunk, records. Joined by ``app.py`` or a test, which bring the Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from ari_app.errors import InputError, Problem, SpeechError
from ari_app.lab.black_hole import BlackHole
from ari_app.lab.carrier import Carrier
from ari_app.lab.line import Arrivals, OpenMedia
from ari_app.lab.persona import Persona
from ari_app.lab.records import CallRecords, LabCall, read_records
from ari_app.lab.scenario import Scenario
from ari_app.lab.subscriber import Exchange
from ari_app.lab.utterances import Utterances
from ari_app.ports import Ari, Clock, Voice
from ari_app.voice.pcm import pcm_of_wav

log = structlog.get_logger(__name__)

APP = "lab"
"""Name of the Stasis application that the carrier's dialplan gives every call to."""


@dataclass(frozen=True, slots=True)
class LabFiles:
    """Where a lab keeps its things."""

    folder: Path

    @property
    def records(self) -> Path:
        return self.folder / "calls.jsonl"

    @property
    def csv(self) -> Path:
        return self.folder / "calls.csv"

    @property
    def recordings(self) -> Path:
        return self.folder / "recordings"


class Lab:
    """The simulated telephone network. ``start`` before the first call, ``stop`` at the end; or ``async with``."""

    def __init__(
        self,
        *,
        scenario: Scenario,
        ari: Ari,
        open_media: OpenMedia,
        voice: Voice,
        clock: Clock,
        folder: Path,
        silent_port: int | None = None,
        host: str = "127.0.0.1",
        announcements: Path | None = None,
        on_change: Callable[[LabCall], None] | None = None,
    ) -> None:
        """:param ari: a started connection to the carrier's Asterisk for the application :data:`APP`.
        :param open_media: opens the media socket of a connection id that ``externalMedia`` gave.
        :param folder: records and far-end recordings go here; an old lab's records are continued.
        :param silent_port: UDP port of the trunk that never replies (0: any free one); None for no such trunk.
        :param announcements: folder with the network's announcements, ``NAME.wav``.
        :param on_change: called when a call arrives and when it has ended; must return at once.
        """
        self.scenario = scenario
        self.files = LabFiles(folder)
        self.silent_port = silent_port
        self.carrier: Carrier | None = None
        self.black_hole: BlackHole | None = None
        self._ari, self._open_media, self._voice, self._clock = ari, open_media, voice, clock
        self._host, self._announcements, self._on_change = host, announcements, on_change
        self._records: CallRecords | None = None

    async def start(self) -> None:
        """Check the scenario's sounds, render all utterances, take the silent port, listen.

        :raises InputError: an announcement that is missing or no WAV; damaged records.
        :raises SpeechError: the voice cannot speak a language of the scenario.
        :raises TelephonyError: the silent port is taken, or the carrier does not answer.
        :raises OSError: the folder cannot be written.
        """
        personas = self.personas_in_use()
        announcements = await asyncio.to_thread(read_announcements, personas, self._announcements)
        utterances = Utterances(self._voice)
        await self._render(utterances, personas)
        self._records = records = CallRecords(self.files.folder)
        try:
            if self.silent_port is not None:
                self.black_hole = BlackHole(records, self._clock, self._on_change)
                self.silent_port = await self.black_hole.start(self._host, self.silent_port)
            exchange = Exchange(
                ari=self._ari,
                open_media=self._open_media,
                arrivals=Arrivals(),
                utterances=utterances,
                announcements=announcements,
                records=records,
                clock=self._clock,
                app=APP,
                recordings=self.files.recordings,
            )
            self.carrier = Carrier(exchange, self.scenario, self._on_change)
            await self.carrier.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Release every call, complete all records, write the CSV view. Safe to call twice."""
        if self.carrier is not None:
            await self.carrier.close()
        if self.black_hole is not None:
            self.black_hole.close()
        records, self._records = self._records, None
        if records is not None:
            records.close()
            try:
                await asyncio.to_thread(records.write_csv)
            except (OSError, InputError) as error:
                log.error("the CSV view of the lab's records was not written", error=str(error))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def records(self) -> list[LabCall]:
        """All calls so far, as they stand on the disk."""
        return read_records(self.files.records) if self.files.records.exists() else []

    def personas_in_use(self) -> list[Persona]:
        """Personas that some number of the scenario has."""
        names = {*self.scenario.numbers.values(), *(each.persona for each in self.scenario.patterns)}
        return [self.scenario.personas[name] for name in sorted(names | {self.scenario.default})]

    async def _render(self, utterances: Utterances, personas: list[Persona]) -> None:
        for persona in personas:
            for say in persona.texts():
                if not self._voice.supports(say.language):
                    raise SpeechError(
                        f"persona {persona.name} speaks {say.language}, which the voice {self._voice.name} cannot"
                    )
                if "{" not in say.text:
                    await utterances.pcm(say)


def read_announcements(personas: list[Persona], folder: Path | None) -> dict[str, bytes]:
    """slin16 sound of every announcement file that the personas name. Raises InputError with every fault."""
    problems: list[Problem] = []
    found: dict[str, bytes] = {}
    for persona in personas:
        name = persona.announce.file if persona.announce is not None else ""
        if not name or name in found:
            continue
        where = f"{folder or '(no folder of announcements)'}/{name}.wav"
        try:
            if folder is None:
                raise FileNotFoundError
            found[name] = pcm_of_wav((folder / f"{name}.wav").read_bytes())
        except OSError as error:
            wrong = f"cannot be read: {error.strerror or 'no such file'}"
            problems.append(
                Problem(where, f"announce of persona {persona.name}", wrong, "a WAV file of linear PCM")
            )
        except ValueError as error:
            problems.append(Problem(where, f"announce of persona {persona.name}", str(error)))
    if problems:
        raise InputError(problems)
    return found
