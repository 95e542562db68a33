"""The running controller: reconcile first, then dial; reconcile again after each lost connection."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from ari_app.errors import StoreError, TelephonyError
from ari_app.ports import Telephony
from ari_app.services.dialler import Dialler
from ari_app.services.reconcile import Reconciler

log = structlog.get_logger(__name__)

#: How long to wait before Asterisk is asked again when a reconciliation could not be completed.
RECONCILE_RETRY_S = 1.0
#: How long to wait before what a reconciliation had to leave is tried again; dialling goes on meanwhile, for the
#: customers concerned have an open attempt and cannot be called.
LEFT_RETRY_S = 5.0


class Controller:
    """Keeps the dialler halted whenever store and PBX may disagree."""

    def __init__(self, telephony: Telephony, dialler: Dialler, reconciler: Reconciler) -> None:
        self.dialler = dialler
        self._telephony = telephony
        self._reconciler = reconciler
        self._disagree = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.reconciled = asyncio.Event()
        self._taken_over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        telephony.on_reconnect(self._reconnected)
        dialler.on_lost = self._disagree.set

    def _reconnected(self) -> None:
        self.dialler.halted = True
        self.reconciled.clear()
        self._disagree.set()

    async def start(self) -> None:
        """Begin: reconcile what an earlier run left, then dial."""
        self._disagree.set()
        self._tasks = [
            asyncio.create_task(self._keep_agreeing(), name="reconcile"),
            asyncio.create_task(self.dialler.run(), name="dialler"),
        ]

    def tick(self) -> None:
        """The clock's part: look for due attempts."""
        self.dialler.wake()

    def taken_over(self) -> None:
        """Another controller serves our Stasis application now: this one has no calls any more and must end."""
        self.dialler.halted = True
        if not self._taken_over.done():
            self._taken_over.set_result(None)

    async def failed(self) -> None:
        """Returns only when the controller cannot go on; raises why."""
        await asyncio.wait([*self._tasks, self._taken_over], return_when=asyncio.FIRST_COMPLETED)
        if self._taken_over.done():
            raise TelephonyError(
                "another controller took over the application: give each controller an ari.app of its own"
            )
        for task in self._tasks:
            if task.done():
                task.result()

    async def stop(self, reason: str = "stopped") -> None:
        """End all calls, wait for their wrap-up, stop; for good."""
        await self.dialler.stop(reason=reason)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _keep_agreeing(self) -> None:
        while True:
            await self._disagree.wait()
            self._disagree.clear()
            try:
                done = await self._reconciler.run()
            except (TelephonyError, StoreError) as error:
                log.warning("not reconciled yet", error=str(error))
                await asyncio.sleep(RECONCILE_RETRY_S)
                self._disagree.set()
                continue
            if not self._disagree.is_set():
                self.dialler.halted = False
                self.reconciled.set()
                self.dialler.wake()
            if done.left:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LEFT_RETRY_S):
                        await self._disagree.wait()
                self._disagree.set()
