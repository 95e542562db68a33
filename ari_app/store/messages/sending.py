"""From planned to handed over: the rules are asked twice, and what may have left is written down before it does."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta

from ari_app.domain.compliance import Decide, DialVerdict, Rule
from ari_app.domain.messages.message import Happened, MessageState, Purpose
from ari_app.errors import StoreError
from ari_app.ports.messages import Handed, Letter, ReservedMessage, SendResult
from ari_app.store.campaigns import CampaignCache
from ari_app.store.codec import amount, instant_or_none, micros, micros_or_none, plain
from ari_app.store.gate import store_verdict
from ari_app.store.messages.facts import message_facts
from ari_app.store.messages.moving import move, required
from ari_app.store.messages.planning import micros_of
from ari_app.store.messages.reach import reach_of
from ari_app.store.messages.receipts import meet_receipts
from ari_app.store.queries import SQL

#: Refusals that an hour may end, although none of them says when.
_PERHAPS_LATER = frozenset(
    {
        Rule.CAMPAIGN_NOT_RUNNING,
        Rule.STRATEGY_UNREADABLE,
        Rule.STRATEGY_STOPPED,
        Rule.STRATEGY_NOT_SIGNED,
        Rule.OUTSIDE_ROLLOUT,
        Rule.RULES_UNREADABLE,
        Rule.UNCONFIRMED_YEAR,
        Rule.CONSENT_MISSING,
        Rule.OPEN_ATTEMPT,
        Rule.NO_COMMON_WINDOW,
    }
)
#: Messages that are looked at in one transaction, so that many refusals never hold the writer for long.
MOST_EXAMINED = 300
AGAIN, AGAIN_AFTER_CALL = timedelta(minutes=15), timedelta(minutes=5)
#: A provider that did not take a message is asked again after this, twice as long each time, up to the longest.
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
#: A receipt that has not come by then does not come.
UNTOLD = timedelta(days=3)
#: A provider knows a message by its key for so long at least.
KEY_KNOWN = timedelta(hours=1)


def claim(
    connection: sqlite3.Connection, campaigns: CampaignCache, now: datetime, limit: int, decide: Decide
) -> list[ReservedMessage]:
    """See ``Messages.claim``."""
    at = micros(now)
    found: list[ReservedMessage] = []
    examined = 0
    while len(found) < limit and examined < MOST_EXAMINED:
        page = min(limit - len(found), MOST_EXAMINED - examined)
        due = connection.execute(SQL["messages_due"], {"now": at, "limit": page}).fetchall()
        for row in due:
            if row["latest_at"] < at:
                move(connection, row, Happened.TOO_LATE, at, why="its time has passed")
                continue
            reserved = _claim_one(connection, campaigns, row, now, decide)
            if reserved is not None:
                found.append(reserved)
        examined += len(due)
        if len(due) < page:
            break
    return found


def _claim_one(
    connection: sqlite3.Connection, campaigns: CampaignCache, row: sqlite3.Row, now: datetime, decide: Decide
) -> ReservedMessage | None:
    at = micros(now)
    standing = connection.execute(
        SQL["standing_of"], {"campaign_account": row["campaign_account"]}
    ).fetchone()
    campaign = campaigns.required(connection, row["campaign_id"])
    facts = message_facts(
        connection,
        standing,
        campaign,
        at,
        book=campaigns.book,
        purpose=Purpose(row["purpose"]),
        phone=row["contact"],
    )
    # The account as it is: the rules are asked of one on which a notice owes something.
    account = replace(facts.account, amount_due=amount(standing["amount_minor"]))
    dead = _dead(connection, account.phone)
    reach = reach_of(connection, standing["account"], account.phone, dead, json.loads(row["channels"]))
    if not reach and dead is not None:
        facts = replace(facts, number_dead=dead)
    verdict = decide(facts, now)
    verdict_id = _store(connection, standing, row, verdict, "plan", at, _only(reach))
    if not verdict.allowed:
        _refused(connection, row, verdict, verdict_id, now)
        return None
    if not reach:
        move(
            connection, row, Happened.REJECTED, at, why="no channel reaches this customer", verdict=verdict_id
        )
        return None
    move(connection, row, Happened.ALLOWED, at, verdict=verdict_id)
    promise = connection.execute(SQL["next_promise"], {"account": standing["account"]}).fetchone()
    return ReservedMessage(
        message_id=row["message_id"],
        campaign_id=row["campaign_id"],
        account=account,
        template=row["template"],
        purpose=Purpose(row["purpose"]),
        language=row["language"],
        reach=reach,
        rule_pack=facts.campaign.strategy.rule_pack,
        values=json.loads(row["values_given"]),
        promised=None
        if promise is None
        else (date.fromisoformat(promise["day"]), amount(promise["amount_minor"])),
    )


def _dead(connection: sqlite3.Connection, phone: str) -> str | None:
    """Why a number is never used again, None where it may be."""
    asked = {"phones": json.dumps([phone]), "now": 0}
    row = connection.execute(SQL["numbers"], asked).fetchone()
    dead: str | None = row["dead"]
    return dead


def _only(reach: tuple[tuple[str, str], ...]) -> str:
    return reach[0][0] if reach else "message"


def _refused(
    connection: sqlite3.Connection, row: sqlite3.Row, verdict: DialVerdict, verdict_id: int, now: datetime
) -> None:
    """It waits where that has a point within its time, and is suppressed where not."""
    at = micros(now)
    again = micros_or_none(verdict.until)
    if again is None and verdict.rule in _PERHAPS_LATER:
        again = at + micros_of(AGAIN_AFTER_CALL if verdict.rule is Rule.OPEN_ATTEMPT else AGAIN)
    said = {"why": verdict.reason, "rule": verdict.rule.value, "verdict": verdict_id}
    if again is None or again > row["latest_at"]:
        happened = Happened.LOST if row["contact_at"] is not None else Happened.REFUSED
        move(connection, row, happened, at, **said)  # type: ignore[arg-type]
    elif row["contact_at"] is not None:  # it may have left already: then it is not sent again in another hour
        move(connection, row, Happened.LOST, at, **said)  # type: ignore[arg-type]
    else:
        move(connection, row, Happened.POSTPONED, at, due_at=max(again, at + 1), **said)  # type: ignore[arg-type]


def _store(
    connection: sqlite3.Connection,
    standing: sqlite3.Row,
    row: sqlite3.Row,
    verdict: DialVerdict,
    asked: str,
    now: int,
    channel: str,
) -> int:
    return store_verdict(
        connection,
        standing,
        verdict,
        asked,
        row["message_id"],
        now,
        channel=channel,
        last=row["last_verdict"],
    )


def begin(
    connection: sqlite3.Connection,
    campaigns: CampaignCache,
    letter: Letter,
    provider: str,
    now: datetime,
    decide: Decide,
) -> DialVerdict:
    """See ``Messages.begin``."""
    row = required(connection, letter.message_id)
    if row["state"] != MessageState.RESERVED:
        raise StoreError(
            f"message {letter.message_id}: it is {row['state']}, and only a reserved one is sent"
        )
    at = micros(now)
    standing = connection.execute(
        SQL["standing_of"], {"campaign_account": row["campaign_account"]}
    ).fetchone()
    campaign = campaigns.required(connection, row["campaign_id"])
    facts = message_facts(
        connection,
        standing,
        campaign,
        at,
        book=campaigns.book,
        purpose=Purpose(row["purpose"]),
        phone=letter.contact if letter.channel == "sms" else "",
        message_id=letter.message_id,
    )
    reach = dict(
        reach_of(
            connection,
            standing["account"],
            facts.account.phone,
            _dead(connection, facts.account.phone),
            [letter.channel],
        )
    )
    verdict = decide(facts, now)
    verdict_id = _store(connection, standing, row, verdict, "dial", at, letter.channel)
    if not verdict.allowed:
        _refused(connection, row, verdict, verdict_id, now)
        return verdict
    if reach.get(letter.channel) != letter.contact:
        # A list, a bounce or a wish not to be written to there has come in between: it is planned again by what holds now.
        changed = "the address has changed, or is not used any more, since the message was reserved"
        move(connection, row, Happened.POSTPONED, at, due_at=at + 1, why=changed, verdict=verdict_id)
        return replace(verdict, allowed=False, rule=Rule.ACCOUNT_CLOSED, reason=changed)
    connection.execute(
        SQL["message_written"],
        {
            "message_id": letter.message_id,
            "channel": letter.channel,
            "contact": letter.contact,
            "provider": provider,
            "variant": letter.variant,
            "subject": plain(letter.subject),
            "text": plain(letter.text),
            "parts": letter.parts,
            "language": letter.language,
        },
    )
    row = required(connection, letter.message_id)
    first = row["contact_at"] if row["contact_at"] is not None else at
    move(connection, row, Happened.BEGUN, at, contact_at=first, verdict=verdict_id)
    return verdict


def unfit(connection: sqlite3.Connection, message_id: str, why: str, now: int) -> None:
    """See ``Messages.unfit``."""
    move(connection, required(connection, message_id), Happened.REJECTED, now, why=why)


def handed(
    connection: sqlite3.Connection, message_id: str, result: SendResult, now: datetime
) -> MessageState:
    """See ``Messages.handed``."""
    at, row = micros(now), required(connection, message_id)
    if row["contact_at"] is None and result.handed is not Handed.BUSY:
        raise StoreError(f"message {message_id}: nothing was begun, so nothing can have been handed over")
    if result.reference:
        connection.execute(
            SQL["message_referred"], {"message_id": message_id, "reference": plain(result.reference)[:200]}
        )
    state = MessageState(row["state"])
    # Begun a second time under its key: the first time it may have left, whatever is said now.
    repeated = state is MessageState.SENDING and row["contact_at"] < row["state_at"]
    match result.handed:
        case Handed.ACCEPTED:
            state = move(connection, row, Happened.ACCEPTED, at, why=result.detail)
        case Handed.UNKNOWN:
            state = move(connection, row, Happened.LOST, at, why=result.detail)
        case Handed.REJECTED:
            if result.bad_address and row["contact"]:
                mark_address(connection, row["channel"], row["contact"], "bounced", row["provider"], at)
            refused = Happened.BOUNCED if repeated else Happened.REJECTED
            state = move(connection, row, refused, at, why=result.detail)
        case Handed.BUSY if repeated:
            state = move(connection, row, Happened.LOST, at, why=result.detail)
        case Handed.BUSY:
            tries = row["tries"] + 1
            wait = min(FIRST_WAIT * 2 ** min(row["tries"], 10), LONGEST_WAIT)
            if result.wait_s is not None:
                wait = max(wait, min(timedelta(seconds=result.wait_s), LONGEST_WAIT))
            state = move(
                connection,
                row,
                Happened.POSTPONED,
                at,
                due_at=at + micros_of(wait),
                why=result.detail,
                tries=tries,
            )
    if result.reference:
        meet_receipts(connection, message_id, at)
        state = MessageState(required(connection, message_id)["state"])
    return state


def mark_address(
    connection: sqlite3.Connection, channel: str, contact: str, why: str, source: str, now: int
) -> bool:
    """Nothing is sent to an address any more; whether that is new."""
    asked = {"channel": channel, "contact": contact, "why": why, "source": plain(source)[:100], "now": now}
    return connection.execute(SQL["mark_address"], asked).rowcount > 0


def recover(
    connection: sqlite3.Connection,
    now: datetime,
    since: datetime,
    recognising: Collection[str],
    telling: Collection[str],
) -> list[Letter]:
    """See ``Messages.recover``."""
    at, again = micros(now), []
    for row in connection.execute(SQL["messages_left"], {"since": micros(since)}).fetchall():
        begun = instant_or_none(row["contact_at"])
        if begun is None:
            move(
                connection, row, Happened.POSTPONED, at, due_at=at, why="the program ended before it was sent"
            )
            continue
        if row["provider"] in recognising and now - begun <= KEY_KNOWN and row["latest_at"] >= at:
            if row["state"] == MessageState.SENDING:
                move(connection, row, Happened.REPEATED, at, why="sent once more under its own key")
            again.append(letter_of(row))
        else:
            move(connection, row, Happened.LOST, at, why="the program ended while it was being sent")
    unsure = {
        "since": micros(since),
        "known": micros(now - KEY_KNOWN),
        "now": at,
        "providers": json.dumps(sorted(recognising)),
    }
    for row in connection.execute(SQL["messages_unsure"], unsure).fetchall():
        move(connection, row, Happened.REPEATED, at, why="sent once more under its own key")
        again.append(letter_of(row))
    untold = {"since": micros(now - UNTOLD), "providers": json.dumps(sorted(telling))}
    for found in connection.execute(SQL["messages_untold"], untold).fetchall():
        row = required(connection, found["message_id"])
        move(connection, row, Happened.TOO_LATE, at, why="no receipt has come")
    return again


def letter_of(row: sqlite3.Row) -> Letter:
    """The message of a row as it was handed over."""
    return Letter(
        message_id=row["message_id"],
        channel=row["channel"],
        contact=row["contact"],
        text=row["text"],
        subject=row["subject"],
        language=row["language"],
        template=row["template"],
        variant=row["variant"],
        parts=row["parts"],
    )
