"""After a start or a lost connection: make the store and the PBX agree again.

An attempt that is open in the store but belongs to no running session was cut off by a crash. Its call, if Asterisk
still has it, is released; then the attempt is closed: as ``not_dialled`` when its INVITE never left (it is planned again
at once), as ``interrupted`` otherwise (it counts as a dial, and nobody is called again before the planned time). An
attempt whose call could not be released stays open: its customer is not called beside a call that may still stand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass

import structlog

from ari_app.domain.attempt import OpenAttempt
from ari_app.errors import StoreError, TelephonyError
from ari_app.ports import Store, Telephony
from ari_app.services.wrap_up import WrapUp

log = structlog.get_logger(__name__)

#: Attempts closed at one time: a recording that a dead Asterisk left behind takes seconds to be given up.
CLOSED_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was put right; ``left`` calls and attempts could not be, and want another pass."""

    closed: int
    released: int
    left: int = 0


class Reconciler:
    """Compares open attempts with live channels."""

    def __init__(
        self, store: Store, telephony: Telephony, wrap_up: WrapUp, owned: Callable[[], Collection[str]]
    ) -> None:
        self._store = store
        self._telephony = telephony
        self._wrap_up = wrap_up
        self._owned = owned

    async def run(self) -> Reconciled:
        """One pass. Raises TelephonyError when Asterisk cannot be asked: then nothing is known and nothing changed."""
        live = await self._telephony.live_calls()
        attempts = await self._store.open_attempts()
        # Read after both: a session that started meanwhile is owned, and its attempt is left alone.
        owned = set(self._owned())
        released, standing = 0, set[str]()
        for call_id in sorted(live - owned):
            try:
                await self._telephony.hang_up_orphan(call_id)
                released += 1
            except TelephonyError as error:
                log.warning("orphan not released", attempt_id=call_id, error=str(error))
                standing.add(call_id)
            except (
                ValueError
            ):  # an id that we would never have given: somebody else's channel in our application
                log.warning("a channel in this application is not one of ours and is left alone")
        lost = [each for each in attempts if each.attempt_id not in owned | standing]
        gate = asyncio.Semaphore(CLOSED_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._close(each, gate)) for each in lost]
        results = [task.result() for task in tasks]
        closed, left = results.count(True), len(standing) + results.count(None)
        if closed or released:
            log.warning("reconciled", attempts_closed=closed, calls_released=released)
        return Reconciled(closed, released, left)

    async def _close(self, attempt: OpenAttempt, gate: asyncio.Semaphore) -> bool | None:
        """Whether the attempt was closed now; None when it could not be."""
        invited = attempt.dialled_at is not None
        async with gate:
            try:
                decision = await self._wrap_up.close_interrupted(
                    attempt.attempt_id,
                    invited=invited,
                    answered=attempt.answered_at is not None,
                    recorded=invited,
                )
            except StoreError as error:
                log.error("interrupted attempt not closed", attempt_id=attempt.attempt_id, error=str(error))
                return None
        return decision is not None
