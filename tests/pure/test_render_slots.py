"""Who renders next: the running call before the calls that are being prepared."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.speech.render_slots import RenderSlots

pytestmark = pytest.mark.pure


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def waiting(slots: RenderSlots, key: str, urgent: bool, order: list[str]) -> asyncio.Task[None]:
    async def wait() -> None:
        await slots.take(key, urgent=urgent)
        order.append(key)

    return asyncio.create_task(wait())


async def test_an_urgent_one_takes_the_reserve_while_others_wait() -> None:
    slots, order = RenderSlots(2, 1), list[str]()
    tasks = [waiting(slots, name, False, order) for name in ("a", "b", "c", "d")]
    await settle()
    assert order == ["a", "b"]
    tasks += [waiting(slots, name, True, order) for name in ("x", "y")]
    await settle()
    assert order == ["a", "b", "x"]
    slots.free()
    await settle()
    assert order == ["a", "b", "x", "y"]
    for _ in range(5):
        slots.free()
        await settle()
    assert order == ["a", "b", "x", "y", "c", "d"]
    await asyncio.gather(*tasks)
    assert slots.busy == 0


async def test_one_that_waits_may_become_urgent() -> None:
    slots, order = RenderSlots(1, 1), list[str]()
    tasks = [waiting(slots, name, False, order) for name in ("a", "b", "c")]
    await settle()
    slots.promote("c")
    slots.promote("nobody")
    await settle()
    assert order == ["a", "c"]
    for _ in range(3):
        slots.free()
        await settle()
    assert order == ["a", "c", "b"]
    await asyncio.gather(*tasks)


async def test_one_who_leaves_takes_no_slot_with_him() -> None:
    slots, order = RenderSlots(1, 0), list[str]()
    tasks = [waiting(slots, name, False, order) for name in ("a", "b", "c")]
    await settle()
    tasks[1].cancel()
    slots.free()
    tasks[2].cancel()  # in the moment in which it is granted
    await settle()
    assert order == ["a"]
    assert slots.busy == 0
    await slots.take("d", urgent=False)
    assert slots.busy == 1


@given(
    st.lists(st.tuples(st.sampled_from(["take", "urgent", "free", "leave", "promote"]), st.integers(0, 9)))
)
def test_there_are_never_more_than_the_slots_and_nobody_waits_for_a_free_one(
    acts: list[tuple[str, int]],
) -> None:
    async def play() -> None:
        slots, order = RenderSlots(2, 1), list[str]()
        tasks: list[asyncio.Task[None]] = []
        running = 0
        for number, (act, which) in enumerate(acts):
            if act in ("take", "urgent"):
                tasks.append(waiting(slots, f"{number}", act == "urgent", order))
            elif act == "free" and running:
                slots.free()
                running -= 1
            elif act == "leave" and tasks:
                tasks[which % len(tasks)].cancel()
            elif act == "promote":
                slots.promote(f"{which}")
            before = len(order)
            await settle()
            running += len(order) - before
            assert slots.busy == running <= 3
            if running < 2:
                assert all(task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(play())
