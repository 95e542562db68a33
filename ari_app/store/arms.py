"""Arms of experiments: given once, recorded with every attempt, counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from ari_app.domain.arm_report import ArmCount, AssignedArm, GroupedBy
from ari_app.domain.experiment import Arms, Experiment, Reason, arms_of, assignment
from ari_app.errors import StoreError
from ari_app.store.codec import document, instant, mapping, micros
from ari_app.store.queries import SQL


def assign_arms(
    connection: sqlite3.Connection, attempt_id: str, experiments: Sequence[Experiment], now: datetime
) -> Arms:
    """See ``Store.assign_arms``. One transaction of the only writer: two attempts cannot draw different arms."""
    attempt = connection.execute(SQL["attempt"], {"attempt_id": attempt_id}).fetchone()
    if attempt is None:
        raise StoreError(f"attempt {attempt_id}: there is no such attempt, so it gets no arms")
    if attempt["dialled_at"] is not None or attempt["ended_at"] is not None:
        raise StoreError(f"attempt {attempt_id}: it has been dialled or closed, so its arms stay as they are")
    customer_id = attempt["customer_id"]
    rows = connection.execute(SQL["arms_of_customer"], {"customer_id": customer_id}).fetchall()
    kept: dict[str, str] = {row["experiment"]: row["arm"] for row in rows}  # the newest stands last
    numbers: dict[str, int] = {row["experiment"]: row["number"] for row in rows}
    for experiment in experiments:
        new = assignment(experiment, customer_id, kept.get(experiment.name))
        if new is None:
            continue
        connection.execute(
            SQL["assign_arm"],
            {
                "customer_id": customer_id,
                "experiment": new.experiment,
                "number": numbers.get(new.experiment, 0) + 1,
                "arm": new.arm,
                "reason": new.reason.value,
                "attempt_id": attempt_id,
                "now": micros(now),
            },
        )
        kept[new.experiment] = new.arm
    arms = arms_of(experiments, kept)
    if arms:  # else nothing is written, and this transaction costs no wait for the disk
        connection.execute(SQL["attempt_arms"], {"attempt_id": attempt_id, "arms": document(dict(arms))})
    return arms


def arms_in(text: str) -> Arms:
    """The arms of a stored attempt."""
    return tuple(sorted((name, str(arm)) for name, arm in mapping(text).items()))


def arm_counts(
    connection: sqlite3.Connection, campaign_id: str | None, by: GroupedBy | None
) -> list[ArmCount]:
    """See ``Store.arm_counts``."""
    rows = connection.execute(SQL["arm_counts"], {"campaign_id": campaign_id, "by": by}).fetchall()
    return [ArmCount(**dict(row)) for row in rows]


def assigned_arms(connection: sqlite3.Connection, customer_id: str) -> list[AssignedArm]:
    """See ``Store.assigned_arms``."""
    rows = connection.execute(SQL["arms_of_customer"], {"customer_id": customer_id}).fetchall()
    return [
        AssignedArm(
            experiment=row["experiment"],
            number=row["number"],
            arm=row["arm"],
            reason=Reason(row["reason"]),
            attempt_id=row["attempt_id"],
            assigned_at=instant(row["assigned_at"]),
        )
        for row in rows
    ]
