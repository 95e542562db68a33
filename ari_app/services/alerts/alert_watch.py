"""The clock of alerts: events at once, deadlines every few seconds, standings and figures every few minutes."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final

import structlog

from ari_app.domain.alerts.alert import Severity
from ari_app.domain.alerts.rules import AlertBook
from ari_app.errors import InputError, NotTold
from ari_app.ports import Clock
from ari_app.ports.alerts import AlertCount, Alerts, DueNotice, Notifier
from ari_app.services.alerts.alert_file import read_alert_book

log = structlog.get_logger(__name__)

#: How often accounts and figures are looked at, seconds.
SWEEP_S: Final = 300.0
#: Events that are looked at in one transaction.
MOST_EVENTS: Final = 500
#: After so many seconds a notice that was not taken is tried again.
AGAIN_S: Final = (60.0, 300.0, 1800.0, 7200.0)


class AlertBooks:
    """The rules of a file, read again when it changes; with a fault the last good ones hold."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self.book = AlertBook()
        self.problems = 0
        #: False until rules could be read once: till then no event is looked at, so that none is passed over.
        self.usable = False

    def look(self) -> AlertBook:
        """The rules as they stand. Without a file there are none."""
        try:
            state = self._path.stat()
            stamp = (state.st_mtime_ns, state.st_size)
        except OSError:
            stamp = (0, 0)
        if stamp == self._stamp:
            return self.book
        self._stamp = stamp
        if stamp == (0, 0):
            self.book, self.problems, self.usable = AlertBook(), 0, True
            return self.book
        try:
            self.book, self.problems, self.usable = read_alert_book(self._path), 0, True
            log.info("alert rules", rules=len(self.book.rules))
        except InputError as error:
            self.problems = len(error.problems)
            log.error("the rules of alerts have faults; the last good ones hold", problems=str(error))
        return self.book


class AlertWatch:
    """One look at a time; due times and what was seen stand in the store. Without a ``notifier`` nobody is written to."""

    def __init__(
        self, store: Alerts, books: AlertBooks, clock: Clock, zone: tzinfo, notifier: Notifier | None = None
    ) -> None:
        self._store, self._books, self._clock, self._zone = store, books, clock, zone
        self._notifier = notifier
        self._swept_at: datetime | None = None
        self.counts: dict[Severity, AlertCount] = {severity: AlertCount() for severity in Severity}

    async def look(self) -> None:
        """Let the rules look at what is new, tell whoever has to be told."""
        book, now = self._books.look(), self._clock.now()
        if self._books.usable:
            await self._read(book, now)
        for notice in await self._store.due_notices(now):
            await self._tell(notice)
        self.counts.update(await self._store.counts(self._clock.now()))

    async def _read(self, book: AlertBook, now: datetime) -> None:
        while await self._store.read_events(book, now, MOST_EVENTS) == MOST_EVENTS:
            pass  # more are waiting
        if self._swept_at is None or now - self._swept_at >= timedelta(seconds=SWEEP_S):
            await self._store.sweep(book, now, self._zone)
            self._swept_at = now
        await self._store.escalate(book, now)

    async def _tell(self, notice: DueNotice) -> None:
        now = self._clock.now()
        try:
            if self._notifier is None:
                raise NotTold("no mail server stands in the settings", again=False)
            receipt = await self._notifier.tell(notice)
        except NotTold as error:
            later = error.again and notice.tries < len(AGAIN_S)
            again = now + timedelta(seconds=AGAIN_S[notice.tries]) if later else None
            log.warning("nobody took a notice", alert_id=notice.alert_id, why=str(error), again=later)
            await self._store.not_told(notice, str(error), again, now)
        else:
            await self._store.told(notice, receipt, self._clock.now())
