"""After a start or a lost connection: make the store and the PBX agree again.

An attempt that is open in the store but belongs to no running session was cut off by a crash. Its call, if Asterisk
still has it, is released; then the attempt is closed: as ``not_dialled`` when its INVITE never left (it is planned again
at once), as ``interrupted`` otherwise (it counts as a dial, and nobody is called again before the planned time).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import structlog

from ari_app.errors import TelephonyError
from ari_app.ports import Store, Telephony
from ari_app.services.wrap_up import WrapUp

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was put right."""

    closed: int
    released: int


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
        released = 0
        for call_id in sorted(live - owned):
            try:
                await self._telephony.hang_up_orphan(call_id)
                released += 1
            except TelephonyError as error:
                log.warning("orphan not released", attempt_id=call_id, error=str(error))
        closed = 0
        for attempt in attempts:
            if attempt.attempt_id in owned:
                continue
            invited = attempt.dialled_at is not None
            decision = await self._wrap_up.close_interrupted(
                attempt.attempt_id,
                invited=invited,
                answered=attempt.answered_at is not None,
                recorded=invited,
            )
            closed += decision is not None
        if closed or released:
            log.warning("reconciled", attempts_closed=closed, calls_released=released)
        return Reconciled(closed, released)
