"""Joins disputes, services and cases over 90 days to the controller: their files, their settings, their clocks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from decimal import Decimal

from ari_app.config import Settings
from ari_app.domain.calendar import Calendar
from ari_app.domain.cases.case import Commission, CommissionStep
from ari_app.domain.service.state import ServiceRules
from ari_app.ports import Clock
from ari_app.services.cases.fixing import CaseFolders, EvidenceFixer
from ari_app.services.disputes.evidence_files import EvidenceFiles, EvidenceLimits
from ari_app.services.disputes.table_file import DisputeTableFile
from ari_app.store.sqlite_store import SqliteStore

#: How often late disputes, notices that went out, and services are looked at.
CLOCK_S = 60.0
#: How often bills that have grown old are looked for.
EVIDENCE_S = 3600.0
#: How often the table of disputes is looked at for changes.
TABLE_S = 5.0

Every = Callable[[float, Callable[[], Awaitable[object] | None]], None]


def case_work(
    settings: Settings,
    store: SqliteStore,
    clock: Clock,
    calendars: Callable[[], Mapping[str, Calendar]],
    every: Every,
) -> None:
    """Set the clocks going; ``every`` runs a job again and again after so many seconds."""
    table = DisputeTableFile(settings.dialplan_dir, calendars)
    store.disputes.use_table(lambda: table.table)
    rules = service_rules(settings)

    async def disputes() -> None:
        await store.disputes.escalate_due(clock.now())
        await store.disputes.note_notices(clock.now())
        if settings.disputes.close_after_days:
            told = clock.now() - timedelta(days=settings.disputes.close_after_days)
            await store.disputes.close_told(told, clock.now())

    async def services() -> None:
        await store.services.move_clock(rules, clock.now())

    async def cases() -> None:
        await store.cases.close_paid(commission(settings), clock.now())

    fixer = evidence_fixer(settings, store, clock)

    async def evidence() -> None:
        await fixer.run(settings.cases.evidence_day, settings.cases.evidence_each_run)

    def look() -> None:
        table.refresh()

    every(TABLE_S, look)
    every(CLOCK_S, disputes)
    every(CLOCK_S, services)
    every(CLOCK_S, cases)
    every(EVIDENCE_S, evidence)


def evidence_files(settings: Settings, store: SqliteStore) -> EvidenceFiles:
    """Where files of disputes are kept."""
    wanted = settings.disputes
    limits = EvidenceLimits(round(wanted.evidence_mb * 1024 * 1024), wanted.evidence_files)
    return EvidenceFiles(settings.data_dir / "evidence", store.disputes, limits)


def evidence_fixer(settings: Settings, store: SqliteStore, clock: Clock) -> EvidenceFixer:
    """What makes evidence packages."""
    folders = CaseFolders(
        packages=settings.data_dir / "cases",
        recordings=settings.recordings_dir,
        transcripts=settings.transcripts_dir,
        evidence=settings.data_dir / "evidence",
    )
    return EvidenceFixer(store.cases, folders, clock)


def commission(settings: Settings) -> Commission:
    """What an agency gets by the settings."""
    wanted = settings.cases
    steps = [
        CommissionStep(Decimal(str(each.recovered_percent)), Decimal(str(each.percent)))
        for each in wanted.commission_steps
    ]
    return Commission(Decimal(str(wanted.commission_percent)), steps)


def service_rules(settings: Settings) -> ServiceRules:
    """What the settings say of suspending and restoring."""
    wanted = settings.service
    return ServiceRules(wanted.order_suspensions, wanted.warning_tries, wanted.confirm_hours)
