"""A month of the closed loop in virtual time: receivers that fail, a bank that repeats itself, a program that is killed.

Lives of the program run one after the other, each in a process of its own that kills itself in the middle of whatever goes
on. What the month has come to is worked out again by ``tests/support/month_facts.py``, which shares no code with it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, replace
from email import message_from_bytes
from hashlib import sha256
from pathlib import Path
from random import Random
from urllib.parse import unquote

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import settings
from standardwebhooks.webhooks import Webhook

from tests.support import month_facts
from tests.support.docs import ROOT
from tests.support.month_engine import PATIENCE_S, SECRET
from tests.support.month_world import MonthPlan, World
from tests.support.receiver import Receiver, Request, http, receiver
from tests.support.store_rows import broken_promises

pytestmark = pytest.mark.fakes

SEED = int(os.environ.get("ARI_APP_MONTH_SEED", "20261123"))


class Hook:
    """A receiver of webhooks that fails three times in ten, and now and then does not answer in time."""

    def __init__(self, seed: int, far: Receiver) -> None:
        self._seed, self.far = seed, far
        self.tries: Counter[str] = Counter()
        self.accepted: list[Request] = []
        far.manner = self.manner

    async def manner(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.tries[request.id] += 1
        dice = Random(f"{self._seed}|{request.id}|{self.tries[request.id]}").random()
        if dice < 0.27:
            writer.write(http(503 if dice < 0.1 else 500))
        elif dice < 0.29:
            writer.transport.abort()
        elif dice < 0.30:
            await asyncio.sleep(2 * PATIENCE_S)
        else:
            self.accepted.append(request)
            writer.write(http(204))


class Post:
    """A mail server that puts some letters off, and now and then takes one without saying so."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.tries: Counter[str] = Counter()
        self.letters: Counter[str] = Counter()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.tries[address] += 1
        if Random(f"{self._seed}|post|{address}|{self.tries[address]}").random() < 0.15:
            return "451 later"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        name = str(message_from_bytes(content)["Message-ID"]).strip("<> ").partition("@")[0]
        self.letters[name] += 1
        if Random(f"{self._seed}|letter|{name}").random() < 0.1 and isinstance(
            server.transport, asyncio.Transport
        ):
            server.transport.abort()
        return "250 taken"


@asynccontextmanager
async def posting(post: Post) -> AsyncIterator[int]:
    """The port of a mail server on loopback."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(post, loop=loop, hostname="post.example"), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def kills(seed: int, count: int, least: int, most: int) -> tuple[int, ...]:
    dice = Random(f"{seed}|kills")
    return tuple(dice.randint(least, most) for _ in range(count))


async def run_month(plan: MonthPlan) -> list[int]:
    """The lives of a month, one after the other; how each ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.month_engine",
        json.dumps(asdict(plan)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    ended: list[int] = json.loads(out)
    return ended


def say(text: str) -> None:
    """For whoever looks into a month that went wrong: shown with its failure."""
    sys.stdout.write(text + "\n")


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        found: list[tuple[object, ...]] = connection.execute(sql).fetchall()
        return found


async def check_month(plan: MonthPlan) -> None:
    """Run it, and hold it against everything that must be true at its end."""
    say(f"month of seed {plan.seed}: {plan.accounts} accounts, {plan.days} days, {len(plan.kills)} kills")
    post = Post(plan.seed)
    async with receiver() as far, posting(post) as port:
        hook = Hook(plan.seed, far)
        plan = replace(plan, hook=far.url, smtp_port=port)
        ended = await run_month(plan)
    assert ended == [-9] * len(plan.kills) + [0], ended
    assert broken_promises(plan.database) == []
    faults = [*fact_faults(plan, plan.database), *told_faults(plan), *event_faults(plan, hook)]
    faults += letter_faults(plan, post)
    assert faults == []
    happened(plan, hook, post)
    finds_what_is_wrong(plan)


def fact_faults(plan: MonthPlan, path: Path) -> list[str]:
    bills = month_facts.read(path)
    last = int(World(plan).looks()[-1].timestamp() * 1_000_000) + 600_000_000
    return [
        *month_facts.money_faults(bills),
        *month_facts.promise_faults(bills, last),
        *month_facts.plan_faults(bills, last),
        *month_facts.contact_faults(bills, path),
        *month_facts.history_faults(bills),
    ]


def finds_what_is_wrong(plan: MonthPlan) -> None:
    """The check is one that can fail: each of these changes is found."""
    one = "(SELECT account FROM ledger_entry WHERE kind = 'payment' ORDER BY seq LIMIT 1)"
    late = """(SELECT t.attempt_id FROM attempt AS t JOIN campaign_account AS ca ON ca.id = t.campaign_account
        JOIN account AS a ON a.id = ca.account WHERE t.dialled_at IS NOT NULL AND a.amount_minor = 0 LIMIT 1)"""
    wrong = (
        f"UPDATE account SET amount_minor = amount_minor + 1 WHERE id = {one}",
        f"DELETE FROM ledger_entry WHERE kind = 'payment' AND account = {one}",
        "UPDATE promise_to_pay SET state = 'broken' WHERE state = 'kept'",
        "UPDATE promise_to_pay SET state = 'kept' WHERE state = 'broken'",
        f"UPDATE attempt SET dialled_at = dialled_at + 50000000000000 WHERE attempt_id = {late}",
        "DELETE FROM case_event WHERE subject = 'promise'",
    )
    for change in wrong:
        copy = plan.database.with_name("copy.db")
        copy.unlink(missing_ok=True)
        with closing(sqlite3.connect(plan.database)) as whole, closing(sqlite3.connect(copy)) as connection:
            whole.backup(connection)
            connection.execute("PRAGMA ignore_check_constraints = ON")
            assert connection.execute(change).rowcount, change
            connection.commit()
        assert fact_faults(plan, copy), change


def letter_faults(plan: MonthPlan, post: Post) -> list[str]:
    """No letter came twice, whenever the program died; what counts as sent came."""
    faults = [f"{name}: came {count} times" for name, count in post.letters.items() if count > 1]
    sql = "SELECT message_id, state FROM message WHERE channel = 'email'"
    states = {str(name): str(state) for name, state in rows(plan.database, sql)}
    faults += [
        f"{name}: is {state}, came never"
        for name, state in states.items()
        if state == "sent" and not post.letters[name]
    ]
    left = ("sent", "unknown", "expired")
    return faults + [
        f"{name}: came, is {states.get(name)}" for name in +post.letters if states.get(name) not in left
    ]


def told_faults(plan: MonthPlan) -> list[str]:
    """Every payment that the bank has told stands in the ledger once, to the cent, and nothing else of the bank does."""
    told = {}
    for line in plan.told.read_text(encoding="utf-8").splitlines():
        each = json.loads(line)
        told[each["reference"]] = (each["kind"], each["fen"], each["bill"][0])
    sql = """SELECT l.reference, l.kind, l.amount_minor, a.customer_id FROM ledger_entry AS l
        JOIN account AS a ON a.id = l.account WHERE l.provider IN ('bank', 'drop')"""
    kept = {row[0]: (row[1], row[2], row[3]) for row in rows(plan.database, sql)}
    faults = [
        f"{name}: told {told.get(name)}, kept {kept.get(name)}"
        for name in told
        if told[name] != kept.get(name)
    ]
    faults += [f"{name}: was never told" for name in kept if name not in told]
    return faults


def event_faults(plan: MonthPlan, hook: Hook) -> list[str]:
    """Every event came at least once, always with the same id and body, signed, and each account's in order."""
    sql = """SELECT o.id, o.key, o.payload, o.account, d.state, d.tries FROM outbox AS o
        JOIN delivery AS d ON d.event = o.id ORDER BY o.id"""
    faults: list[str] = []
    bodies = defaultdict(set)
    for request in hook.far.requests:
        bodies[request.id].add(request.body)
    first: dict[str, int] = {}
    for place, request in enumerate(hook.accepted):
        named = unquote(request.headers["idempotency-key"])
        if first.setdefault(named, place) == place:
            Webhook(SECRET).verify(request.body, request.headers)
    order: dict[object, int] = {}
    for event, key, payload, account, standing, tries in rows(plan.database, sql):
        sent_as = f"msg_{sha256(str(key).encode()).hexdigest()[:32]}"
        if standing != "sent" or str(key) not in first:
            faults.append(f"event {event} {key}: {standing}, received {str(key) in first}")
            continue
        if bodies[sent_as] != {str(payload).encode()}:
            faults.append(f"event {event} {key}: {len(bodies[sent_as])} bodies")
        if account is None or (isinstance(tries, int) and tries > 6):
            continue  # in no lane; or given up, and replayed by a person behind its successors
        if order.get(account, -1) > first[str(key)]:
            faults.append(f"event {event} {key}: came before an older one of its account")
        order[account] = first[str(key)]
    return faults


def happened(plan: MonthPlan, hook: Hook, post: Post) -> None:
    """The month was one in which things went wrong: otherwise it would prove nothing."""
    deliveries = len(plan.told.read_text(encoding="utf-8").splitlines())
    told = {
        row[0]
        for row in rows(
            plan.database, "SELECT reference FROM ledger_entry WHERE provider IN ('bank', 'drop')"
        )
    }
    states = Counter(str(row[0]) for row in rows(plan.database, "SELECT state FROM promise_to_pay"))
    plans = Counter(str(row[0]) for row in rows(plan.database, "SELECT state FROM plan_case"))
    ends = Counter(str(row[0]) for row in rows(plan.database, "SELECT disposition FROM attempt"))
    letters = Counter(str(row[0]) for row in rows(plan.database, "SELECT state FROM message"))
    say(
        f"{sum(ends.values())} attempts {dict(ends)}\npromises {dict(states)}\nplans {dict(plans)}\n"
        f"{len(told)} movements told {deliveries} times, {len(hook.accepted)} of {len(hook.far.requests)} requests taken\n"
        f"messages {dict(letters)}, {post.letters.total()} letters came"
    )
    assert deliveries > 1.5 * len(told)
    assert len(hook.far.requests) > 1.2 * len(hook.accepted)
    assert {"kept", "broken", "withdrawn"} <= set(states)
    assert letters["sent"]
    assert rows(plan.database, "SELECT 1 FROM dispute_case WHERE verdict IS NOT NULL")
    assert rows(plan.database, "SELECT 1 FROM ledger_entry WHERE kind = 'reversal'")
    assert rows(plan.database, "SELECT 1 FROM ledger_entry WHERE provider = 'drop'")


@pytest.mark.timeout(900)  # of which the usual month takes less than a minute, on a quiet machine
async def test_a_month_comes_to_what_was_told_and_promised_whenever_the_program_dies(tmp_path: Path) -> None:
    """A month of 200 accounts; `make`'s quick profile lives one of 36. ARI_APP_MONTH_SEED is another month."""
    if settings.get_current_profile_name() == "quick":
        await check_month(MonthPlan(str(tmp_path), SEED, 36, 30, kills(SEED, 20, 40, 160), ""))
    else:
        await check_month(MonthPlan(str(tmp_path), SEED, 200, 31, kills(SEED, 20, 200, 900), ""))
