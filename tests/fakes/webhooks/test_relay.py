"""Events to receivers over real sockets: at least once, in the order of an account, under one id."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from ari_app.domain.alerts.rules import AlertBook
from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.webhooks.delivery import DeliveryState, EndpointState, Policy
from ari_app.errors import StoreError
from ari_app.gateways.webhooks.sender import SenderTerms
from ari_app.ports.webhooks import Wanted
from ari_app.services.webhooks.relay import Relay
from tests.support.clock import FakeClock
from tests.support.receiver import Request, http, receiver, says
from tests.support.store_rows import NOW, campaign
from tests.support.until import until
from tests.support.webhooks import HERE, SECRET, Place, place

pytestmark = pytest.mark.fakes


async def test_an_event_arrives_once_exactly_as_it_was_stored(tmp_path: Path) -> None:
    async with receiver() as far, place(tmp_path, far.url) as here:
        await here.tell(1, "a")
        await here.relay.drain()
        await here.relay.drain()
        (request,) = far.requests
        (stored,) = await here.store.webhooks.deliveries(Wanted())
        assert request.body == stored.payload.encode()
        assert request.headers["content-type"] == "application/json"
        assert request.headers["idempotency-key"] == "c1+b1+collection.tested+1.a"
        assert (stored.state, stored.tries, stored.status) == (DeliveryState.SENT, 1, 204)


async def test_only_what_an_endpoint_wants_goes_there_and_every_event_is_kept(tmp_path: Path) -> None:
    async with receiver() as far, receiver() as other, place(tmp_path, far.url) as here:
        spec = WebhookSpec(far.url, ("payment.tested",), SECRET)
        await here.store.put_campaign(replace(campaign(), webhook=spec))
        await here.store.webhooks.add_endpoint("crm", other.url, ["collection.*"], "s", NOW)
        await here.tell(1, "a", "payment.tested")
        await here.tell(1, "b", "collection.tested")
        await here.tell(1, "c", "call.tested")
        await here.relay.drain()
        assert [each.event["subject"] for each in far.requests] == ["a"]
        assert [each.event["subject"] for each in other.requests] == ["b"]
        assert len(await here.store.outbox()) == 2


async def test_a_receiver_that_fails_gets_the_same_id_again_after_each_wait_and_then_no_more(
    tmp_path: Path,
) -> None:
    async with receiver() as far, place(tmp_path, far.url) as here:
        far.manner = says(500)
        await here.tell(1, "a")
        await here.relay.drain()
        for tries, wait in enumerate((5, 30, 120, 600, 3600), 1):
            here.clock.advance(wait - 1)
            await here.relay.drain()
            assert len(far.requests) == tries, "not before its time"
            here.clock.advance(1)
            await here.relay.drain()
            assert len(far.requests) == tries + 1
        assert await here.states() == ["dead"]
        assert len({each.id for each in far.requests}) == 1
        assert len({each.headers["webhook-timestamp"] for each in far.requests}) == 6
        # A dead letter is an event of its own, for whoever wants to know.
        assert here.relay.counters.dead == 1
        here.clock.advance(timedelta(days=9))
        await here.relay.drain()
        assert len(far.requests) == 6


async def test_a_dead_letter_can_be_replayed(tmp_path: Path) -> None:
    async with receiver() as far, place(tmp_path, far.url, policy=Policy(retries=1)) as here:
        far.manner = says(500)
        await here.tell(1, "a")
        for _ in range(3):
            await here.relay.drain()
            here.clock.advance(60)
        assert await here.states() == ["dead"]
        far.manner = says(200)
        assert await here.store.webhooks.replay(Wanted(state=DeliveryState.DEAD), here.clock.now()) == 1
        await here.relay.drain()
        assert await here.states() == ["sent"]
        assert len({each.id for each in far.requests}) == 1
        assert await here.store.webhooks.replay(Wanted(state=DeliveryState.DEAD), here.clock.now()) == 0


async def test_events_of_an_account_keep_their_order_and_others_overtake(tmp_path: Path) -> None:
    async with receiver() as far, place(tmp_path, far.url, accounts=2) as here:

        async def manner(request: Request, writer: asyncio.StreamWriter) -> None:
            writer.write(http(500 if request.event["subject"] == "1a" and blocked else 200))

        far.manner, blocked = manner, True
        for number, subject in ((1, "1a"), (1, "1b"), (2, "2a"), (2, "2b")):
            await here.tell(number, subject)
        await here.relay.drain()
        assert [each.event["subject"] for each in far.requests] in (
            ["1a", "2a", "2b"],
            ["2a", "1a", "2b"],
        )
        blocked = False
        here.clock.advance(6)
        await here.relay.drain()
        assert [each.event["subject"] for each in far.requests][-2:] == ["1a", "1b"]


@pytest.mark.parametrize("seed", range(3))
async def test_under_failures_and_concurrency_the_order_of_each_account_holds_and_nothing_is_lost(
    tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    taken: list[tuple[str, int]] = []
    async with receiver() as far, place(tmp_path, far.url, accounts=5) as here:

        async def manner(request: Request, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0)
            if dice.random() < 0.3:
                writer.write(http(dice.choice([400, 500, 503])))
                return
            taken.append((request.event["customerId"], int(request.event["subject"])))
            writer.write(http(200))

        far.manner = manner
        for subject in range(40):
            await here.tell(dice.randint(1, 5), str(subject))
        for _ in range(60):
            await here.relay.drain()
            if set(await here.states()) == {"sent"}:
                break
            here.clock.advance(3600)
        assert set(await here.states()) == {"sent"}
        assert sorted(subject for _, subject in taken) == list(range(40))
        for customer in {customer for customer, _ in taken}:
            of_one = [subject for who, subject in taken if who == customer]
            assert of_one == sorted(of_one)


async def test_what_was_sent_and_not_written_down_is_sent_again_under_the_same_id(tmp_path: Path) -> None:
    async with receiver() as far, place(tmp_path, far.url) as here:
        await here.tell(1, "a")
        (due,) = await here.store.webhooks.due(here.clock.now(), {}, 8)
        assert (await here.sender.send(due.message)).delivered
        # The process dies here: nothing of the answer was written.
    async with receiver() as second, place(tmp_path, far.url, clock=FakeClock()) as here:
        far_again = replace_port(far.url, second.port)
        await here.store.put_campaign(replace(campaign(), webhook=WebhookSpec(far_again, ("*",), SECRET)))
        await here.relay.drain()
        assert [each.id for each in second.requests] == [each.id for each in far.requests]
        assert await here.states() == ["sent"]


def replace_port(url: str, port: int) -> str:
    head, _, tail = url.rpartition(":")
    return f"{head}:{port}/{tail.partition('/')[2]}"


async def test_a_relay_that_is_stopped_in_the_middle_leaves_the_event_to_be_sent(tmp_path: Path) -> None:
    async with receiver() as far, place(tmp_path, far.url) as here:

        async def hangs(_: Request, __: asyncio.StreamWriter) -> None:
            await asyncio.Event().wait()

        far.manner = hangs
        await here.tell(1, "a")
        async with here.relay.running():
            await until(lambda: len(far.requests) == 1)
        assert await here.states() == ["pending"]
        far.manner = says(200)
        await _fresh(here).drain()
        assert len({each.id for each in far.requests}) == 1
        assert await here.states() == ["sent"]


def _fresh(here: Place) -> Relay:
    return Relay(here.store.webhooks, here.sender, here.clock, Policy(), chance=lambda: 0.0)


async def test_a_running_relay_finds_what_comes(tmp_path: Path) -> None:
    async with receiver() as far, place(tmp_path, far.url) as here, here.relay.running():
        await here.tell(1, "a")
        await until(lambda: len(far.requests) == 1)


async def test_a_receiver_gets_no_more_requests_at_once_than_it_may(tmp_path: Path) -> None:
    async with receiver() as far, place(tmp_path, far.url, accounts=30, concurrency=3) as here:

        async def slow(_: Request, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.002)
            writer.write(http(200))

        far.manner = slow
        for number in range(1, 31):
            await here.tell(number, "a")
        await here.relay.drain()
        assert len(far.requests) == 30
        assert far.most_open == 3


async def test_a_receiver_that_hangs_holds_up_no_other(tmp_path: Path) -> None:
    terms = SenderTerms(connect_s=5, total_s=30, reach=HERE)
    async with receiver() as far, receiver() as other, place(tmp_path, far.url, terms=terms) as here:

        async def hangs(_: Request, __: asyncio.StreamWriter) -> None:
            await asyncio.Event().wait()

        far.manner = hangs
        await here.store.webhooks.add_endpoint("crm", other.url, ["*"], "s", NOW)
        for subject in "abc":
            await here.tell(1, subject)
        async with here.relay.running():
            await until(lambda: len(other.requests) == 3)


async def test_a_receiver_that_is_gone_is_disabled_and_what_it_missed_waits_for_it(tmp_path: Path) -> None:
    async with receiver() as far, place(tmp_path, far.url, accounts=3) as here:
        far.manner = says(410)
        await here.tell(1, "a")
        await here.relay.drain()
        for number in (2, 3):
            await here.tell(number, "b")
        here.clock.advance(timedelta(days=1))
        await here.relay.drain()
        assert len(far.requests) == 1
        (endpoint,) = await here.store.webhooks.endpoints()
        assert (endpoint.state, endpoint.why, endpoint.pending) == (
            EndpointState.DISABLED,
            "answered 410",
            3,
        )
        far.manner = says(200)
        assert await here.store.webhooks.switch("campaign/c1", True, "", here.clock.now()) is (
            EndpointState.ACTIVE
        )
        await here.relay.drain()
        assert (await here.store.webhooks.backlog()).pending == 0


async def test_at_another_address_a_disabled_endpoint_is_active_again(tmp_path: Path) -> None:
    async with receiver() as far, receiver() as better, place(tmp_path, far.url) as here:
        far.manner = says(410)
        await here.tell(1, "a")
        await here.relay.drain()
        same = WebhookSpec(far.url, ("collection.*", "payment.*"), SECRET)
        await here.store.put_campaign(replace(campaign(), name="Another name", webhook=same))
        assert [each.state for each in await here.store.webhooks.endpoints()] == [EndpointState.DISABLED]
        await here.store.put_campaign(replace(campaign(), webhook=replace(same, url=better.url)))
        assert [each.state for each in await here.store.webhooks.endpoints()] == [EndpointState.ACTIVE]
        here.clock.advance(3600)
        await here.relay.drain()
        assert [each.id for each in better.requests] == [each.id for each in far.requests]


async def test_an_endpoint_that_fails_again_and_again_is_probed_and_comes_back_by_itself(
    tmp_path: Path,
) -> None:
    policy = Policy(failures=4, probes_s=(30.0, 60.0))
    async with (
        receiver() as far,
        receiver() as watcher,
        place(tmp_path, far.url, accounts=20, policy=policy, concurrency=1) as here,
    ):
        await here.store.webhooks.add_endpoint("watch", watcher.url, ["webhook.*"], "s", NOW)
        far.manner = says(500)
        for number in range(1, 21):
            await here.tell(number, "a")
        await here.relay.drain()
        assert len(far.requests) == 4
        for _ in range(3):
            here.clock.advance(60)
            await here.relay.drain()
        assert len(far.requests) == 7, "one probe a rest"
        assert [each.event["state"] for each in watcher.requests] == ["failing"]
        far.manner = says(200)
        here.clock.advance(60)
        await here.relay.drain()
        here.clock.advance(3600)
        await here.relay.drain()
        assert (await here.store.webhooks.backlog()).failing == 0
        assert set(await here.states()) == {"sent"}
        assert [each.event["state"] for each in watcher.requests] == ["failing", "active"]


async def test_a_receiver_that_asks_to_slow_down_is_left_alone_for_that_long(tmp_path: Path) -> None:
    async with receiver() as far, place(tmp_path, far.url, accounts=9, concurrency=1) as here:
        far.manner = says(429, "Retry-After: 100")
        for number in range(1, 10):
            await here.tell(number, "a")
        await here.relay.drain()
        assert len(far.requests) == 1
        here.clock.advance(99)
        await here.relay.drain()
        assert len(far.requests) == 1
        far.manner = says(200)
        here.clock.advance(2)
        await here.relay.drain()
        assert set(await here.states()) == {"sent"}


async def test_a_dead_letter_and_its_own_event_never_end_in_a_circle(tmp_path: Path) -> None:
    async with receiver() as far, place(tmp_path, far.url, policy=Policy(retries=1, failures=1000)) as here:
        await here.store.webhooks.add_endpoint("all", far.url, ["*"], "s", NOW)
        far.manner = says(500)
        await here.tell(1, "a")
        for _ in range(20):
            await here.relay.drain()
            here.clock.advance(60)
        # The event at both endpoints, and its two dead letters at the one that wants all.
        assert len(await here.store.webhooks.deliveries(Wanted(state=DeliveryState.DEAD))) == 4


async def test_while_the_store_cannot_write_nothing_is_sent_again_and_again(tmp_path: Path) -> None:
    async with receiver() as far, place(tmp_path, far.url) as here:
        await here.tell(1, "a")
        settle, broken = here.store.webhooks.settle, True

        async def settles(*args: Any) -> Any:
            if broken:
                raise StoreError("the disk is full")
            return await settle(*args)

        here.store.webhooks.settle = settles  # type: ignore[method-assign, assignment]
        for _ in range(5):
            await here.relay.drain()
            here.clock.advance(0.5)
        assert len(far.requests) == 1
        broken = False
        here.clock.advance(5)
        await here.relay.drain()
        assert len({each.id for each in far.requests}) == 1
        assert await here.states() == ["sent"]


async def test_while_a_secret_changes_both_sign_and_afterwards_the_new_one_alone(tmp_path: Path) -> None:
    async with receiver() as far, place(tmp_path, far.url) as here:
        hooks = here.store.webhooks
        await hooks.add_endpoint("crm", far.url, ["other.*"], "the old secret", NOW)
        until_then = here.clock.now() + timedelta(hours=24)

        async def signers(subject: str) -> list[str]:
            await here.tell(1, subject, "other.tested")
            await here.relay.drain()
            request = far.requests[-1]
            at = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
            found = request.headers["webhook-signature"].split(" ")
            signed = {
                secret: Webhook(secret.encode()).sign(request.id, at, request.body.decode())
                for secret in ("the old secret", "the new secret")
            }
            assert set(found) <= set(signed.values())
            return [secret for secret, signature in signed.items() if signature in found]

        assert await signers("before") == ["the old secret"]
        assert await hooks.rotate("crm", "the new secret", until_then, here.clock.now())
        assert not await hooks.rotate("crm", "the new secret", until_then, here.clock.now()), (
            "it has it already"
        )
        assert await signers("meanwhile") == ["the old secret", "the new secret"]
        here.clock.advance(timedelta(hours=24))
        assert await signers("after") == ["the new secret"]


async def test_old_events_are_deleted_once_nothing_waits_for_them(tmp_path: Path) -> None:
    async with receiver() as far, place(tmp_path, far.url, accounts=3) as here:
        store, later = here.store.webhooks, here.clock.now() + timedelta(days=1)
        await here.tell(1, "sent")
        await here.relay.drain()
        far.manner = says(500)
        await here.tell(2, "waits")
        await here.tell(3, "nobody wants it", "other.tested")
        await here.relay.drain()
        assert await store.forget(later) == 0, "the rules of alerts have not looked at them"
        await here.store.alerts.read_events(AlertBook(), here.clock.now())
        assert await store.forget(here.clock.now()) == 0, "they are not old"
        assert await store.forget(later) == 2
        (left,) = await store.deliveries(Wanted())
        assert left.state is DeliveryState.PENDING
        await here.tell(1, "after that")
        assert (await store.deliveries(Wanted(state=DeliveryState.PENDING)))[0].event_id > left.event_id
