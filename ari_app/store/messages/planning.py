"""Planning messages: from the steps of strategies, from calls, from events. Each occasion makes one."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from ari_app.domain.attempt import CallOutcome
from ari_app.domain.campaign import CampaignStatus
from ari_app.domain.messages.message import CHANNELS, Origin, Purpose
from ari_app.domain.retry import RetryDecision
from ari_app.domain.rule_case import zone_of
from ari_app.domain.segment import StepKind
from ari_app.domain.strategy import segment_of
from ari_app.domain.strategy_book import chosen_version
from ari_app.domain.triggers import DueStep, due_steps, follows_promise
from ari_app.domain.verdict import Refusal
from ari_app.store.campaigns import CampaignCache
from ari_app.store.codec import account_of, instant, micros, plain
from ari_app.store.queries import SQL
from ari_app.store.strategies import moments_of

#: A message of a step that may not be sent within this time is not sent any more.
LATEST = timedelta(days=3)
#: What a customer has asked for is worth nothing to him later.
LATEST_ASKED = timedelta(days=1)
#: Nobody plans further ahead.
_END = datetime(9999, 12, 28, tzinfo=UTC)
#: The occasion of calls that nobody answers (``message_occasion``).
UNANSWERED = "call.unanswered"


def plan_steps(connection: sqlite3.Connection, campaigns: CampaignCache, now: datetime, limit: int) -> int:
    """See ``Messages.plan_steps``."""
    at = micros(now)
    due = connection.execute(SQL["message_clocks_due"], {"now": at, "limit": limit}).fetchall()
    for clock in due:
        looked_until, next_at = _plan_account(
            connection, campaigns, clock["campaign_account"], clock["looked_until"], now
        )
        connection.execute(
            SQL["move_message_clock"],
            {
                "campaign_account": clock["campaign_account"],
                "looked_until": looked_until,
                # Later than now, so that an account whose campaign waits does not keep the others from their turn.
                "next_at": None if next_at is None else max(next_at, at + 1),
            },
        )
    return len(due)


def _plan_account(
    connection: sqlite3.Connection,
    campaigns: CampaignCache,
    campaign_account: int,
    looked_until: int,
    now: datetime,
) -> tuple[int, int | None]:
    """Plan what has come due of one account; up to when that is done now, and when to look again."""
    at = micros(now)
    row = connection.execute(SQL["standing_of"], {"campaign_account": campaign_account}).fetchone()
    campaign = campaigns.required(connection, row["campaign_id"])
    name = campaign.strategy.file
    if not name:
        return at, None
    account = account_of(row)
    chosen = chosen_version(campaigns.book, name, account.customer_id, account.details.region)
    if campaign.status is not CampaignStatus.RUNNING or isinstance(chosen, Refusal):
        # What comes due meanwhile is planned once it runs, if it is not too late then: ``look_again`` follows
        # when the campaign is resumed and when a strategy file has changed.
        return looked_until, None
    zone, moments = zone_of(account.timezone) or UTC, moments_of(connection, campaign_account)
    strategy = chosen.strategy
    for due in due_steps(strategy, account, instant(looked_until), now, zone, moments):
        over = row["state"] == "done" and not follows_promise(due)
        if due.step.kind is StepKind.MESSAGE and not over and now - due.at <= LATEST:
            _plan_step(connection, row, due, strategy.name, strategy.version, at)
    later = due_steps(strategy, account, now, _END, zone, moments)
    coming = next((each.at for each in later if each.step.kind is StepKind.MESSAGE), None)
    return at, None if coming is None else micros(coming)


def _plan_step(
    connection: sqlite3.Connection, row: sqlite3.Row, due: DueStep, strategy: str, version: str, now: int
) -> None:
    step, segment = due.step, due.segment
    put_message(
        connection,
        row,
        origin=Origin.STEP,
        purpose=Purpose.CONTACT,
        occasion=f"{segment.name}/{step.name}@{due.at.astimezone(UTC):%Y-%m-%dT%H:%M}",
        template=step.template,
        channels=step.channels or segment.channels,
        now=now,
        latest_at=micros(due.at + LATEST),
        strategy=strategy,
        strategy_version=version,
        segment=segment.name,
        step=step.name,
    )


def put_message(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    *,
    origin: Origin,
    purpose: Purpose,
    occasion: str,
    template: str,
    channels: Sequence[str],
    now: int,
    latest_at: int,
    language: str = "",
    values: Mapping[str, str] | None = None,
    trial: int = 1,
    contact: str = "",
    strategy: str = "",
    strategy_version: str = "",
    segment: str = "",
    step: str = "",
) -> str | None:
    """Write down a message of a row of ``standing``, once for its occasion; its id, None where there is one already."""
    message_id = f"msg-{uuid4().hex}"
    written = connection.execute(
        SQL["plan_message"],
        {
            "message_id": message_id,
            **{
                key: row[key]
                for key in ("campaign_account", "campaign_id", "customer_id", "account_id", "bill_id")
            },
            "origin": origin.value,
            "purpose": purpose.value,
            "occasion": plain(occasion)[:200],
            "template": template,
            "channels": json.dumps(list(channels)),
            "language": language or row["language"],
            "values_given": json.dumps(
                {key: plain(value)[:500] for key, value in (values or {}).items()}, ensure_ascii=False
            ),
            "trial": trial,
            "contact": contact,
            "strategy": strategy,
            "strategy_version": strategy_version,
            "segment": segment,
            "step": step,
            "now": now,
            "due_at": now,
            "latest_at": latest_at,
        },
    )
    return message_id if written.rowcount else None


def plan_for_account(
    connection: sqlite3.Connection,
    account: int,
    template: str,
    *,
    occasion: str,
    purpose: Purpose,
    origin: Origin,
    now: int,
    values: Mapping[str, str] | None = None,
    channels: Sequence[str] = (),
) -> str | None:
    """Plan a message about a bill, in the campaign that runs (the newest); the id of the one planned before, if there is.

    Called in the transaction of whatever it tells. None: the bill is in no campaign.
    """
    found = connection.execute(SQL["campaign_account_of_bill"], {"account": account}).fetchone()
    if found is None:
        return None
    row = connection.execute(SQL["standing_of"], {"campaign_account": found["id"]}).fetchone()
    latest = LATEST_ASKED if purpose is Purpose.ASKED else LATEST
    planned = put_message(
        connection,
        row,
        origin=origin,
        purpose=purpose,
        occasion=occasion,
        template=template,
        channels=channels or CHANNELS,
        now=now,
        latest_at=now + micros_of(latest),
        values=values,
    )
    if planned is not None:
        return planned
    known = connection.execute(
        SQL["message_planned"], {"campaign_account": found["id"], "occasion": plain(occasion)[:200]}
    ).fetchone()
    return None if known is None else str(known["message_id"])


def on_event(
    connection: sqlite3.Connection,
    account: int,
    event: str,
    subject: str,
    fields: Mapping[str, object],
    now: int,
) -> None:
    """Plan the message that follows an event of an account by itself, if one does; once for each subject of the event."""
    found = connection.execute(SQL["message_occasion"], {"event": event}).fetchone()
    if found is None:
        return
    plan_for_account(
        connection,
        account,
        found["template"],
        occasion=f"{event}+{subject}",
        purpose=Purpose.NOTICE if found["notice"] else Purpose.CONTACT,
        origin=Origin.EVENT,
        now=now,
        values={key: str(value) for key, value in fields.items() if isinstance(value, (str, int, float))},
    )


def after_attempt(
    connection: sqlite3.Connection,
    campaigns: CampaignCache,
    outcome: CallOutcome,
    decision: RetryDecision,
) -> None:
    """What a call has promised, and the message after calls that nobody answers. In the transaction that closes it."""
    attempt = connection.execute(SQL["attempt"], {"attempt_id": outcome.attempt_id}).fetchone()
    row = connection.execute(SQL["standing_of"], {"campaign_account": attempt["campaign_account"]}).fetchone()
    said, now = outcome.conversation, attempt["ended_at"]
    if said is not None and said.message:
        if connection.execute(SQL["message_channels"]).fetchone() is None:
            return  # nothing can be sent; the template stands in the result of the call for whoever does it by hand
        put_message(
            connection,
            row,
            origin=Origin.CALL,
            purpose=Purpose.ASKED,
            occasion=f"call {outcome.attempt_id}",
            template=said.message[:40],
            # He has the telephone in his hand.
            channels=tuple(dict.fromkeys(("sms", *_channels(campaigns, connection, row, now)))),
            now=now,
            latest_at=now + micros_of(LATEST_ASKED),
            language=said.language if said.language in ("zh", "en") else "",
            contact=attempt["phone"],
        )
        return
    if attempt["dialled_at"] is None or attempt["answered_at"] is not None:
        return
    wanted = connection.execute(SQL["message_occasion"], {"event": UNANSWERED}).fetchone()
    if wanted is None:
        return
    asked = {key: attempt[key] for key in ("customer_id", "campaign_account")}
    series: list[str] = []
    for each in connection.execute(SQL["unanswered_since"], asked).fetchall():
        if each["answered_at"] is not None:
            break
        series.append(each["attempt_id"])
    if series and (len(series) >= wanted["times"] or decision.due_at is None):
        put_message(
            connection,
            row,
            origin=Origin.UNANSWERED,
            purpose=Purpose.CONTACT,
            occasion=f"unanswered from {series[-1]}",  # one for each row of unanswered calls
            template=wanted["template"],
            channels=_channels(campaigns, connection, row, now),
            now=now,
            latest_at=now + micros_of(LATEST),
        )


def _channels(
    campaigns: CampaignCache, connection: sqlite3.Connection, row: sqlite3.Row, now: int
) -> tuple[str, ...]:
    """The channels of the account's segment, behind them all others."""
    campaign = campaigns.required(connection, row["campaign_id"])
    if not campaign.strategy.file:
        return CHANNELS
    account = account_of(row)
    chosen = chosen_version(
        campaigns.book, campaign.strategy.file, account.customer_id, account.details.region
    )
    if isinstance(chosen, Refusal):
        return CHANNELS
    today = instant(now).astimezone(zone_of(account.timezone) or UTC).date()
    return tuple(dict.fromkeys((*segment_of(chosen.strategy, account, today).channels, *CHANNELS)))


def micros_of(span: timedelta) -> int:
    """A span in microseconds."""
    return span // timedelta(microseconds=1)
