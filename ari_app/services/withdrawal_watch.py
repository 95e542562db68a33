"""Releases calls that nobody has answered yet when what allowed them holds no more.

A payment, a dispute, a list entry or a pause may be written by another process: the store is where it arrives. The watch
looks at one number there, and asks the verdict again for its own calls only when that number has risen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from ari_app.domain.call_machine import State
from ari_app.domain.compliance import Decide
from ari_app.ports import Clock, Store
from ari_app.services.call_session import CallSession

log = structlog.get_logger(__name__)

#: States in which nobody has answered and the call can still be taken back.
UNANSWERED = frozenset({State.RESERVED, State.PREPARING, State.CONFIRMING, State.DIALLING, State.RINGING})


class WithdrawalWatch:
    """:meth:`look` is called every second."""

    def __init__(
        self, store: Store, clock: Clock, decide: Decide, sessions: Callable[[], Sequence[CallSession]]
    ) -> None:
        self._store, self._clock, self._decide, self._sessions = store, clock, decide, sessions
        self._seen: int | None = None

    async def look(self) -> int:
        """Release what is forbidden by now; how many calls. Raises StoreError: the next time asks again."""
        revision = await self._store.revision()
        if revision == self._seen:
            return 0
        waiting = {
            session.attempt.attempt_id: session for session in self._sessions() if session.state in UNANSWERED
        }
        now = self._clock.now()
        found = await self._store.withdrawn(list(waiting), now, self._decide) if waiting else {}
        for attempt_id, verdict in found.items():
            log.info("call is taken back", attempt_id=attempt_id, rule=verdict.rule.value)
            waiting[attempt_id].withdraw()
        self._seen = revision
        if found:  # last: no customer's telephone rings on because the writer has to wait
            await self._store.record_withdrawn(found, now)
        return len(found)
