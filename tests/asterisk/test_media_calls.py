"""The sound of real calls: when playout begins, a socket that breaks, recordings that pause, a line that loses."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from ari_app.asterisk.binary import AsteriskMissing, find_asterisk
from ari_app.asterisk.call_leg import AsteriskCallLeg
from ari_app.domain.call_machine import EventKind
from ari_app.lab.relay import LineFaults
from ari_app.ports import MediaFrame
from tests.support.far_end import Bench, Pair, Subscriber, bench, relayed_pair, start_pair
from tests.support.until import until, until_asked

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]

TONE_HZ = 1000.0


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    try:
        find_asterisk()
    except AsteriskMissing as error:
        pytest.fail(str(error))
    running = start_pair(tmp_path_factory.mktemp("media"))
    yield running
    running.stop()


@pytest.fixture
async def pbx(pair: Pair) -> AsyncIterator[Bench]:
    async with bench(pair) as running:
        running.far.scripts["1"] = answers_and_sounds
        yield running


async def answers_and_sounds(call: Subscriber) -> None:
    await call.do("answer")
    await call.sound(TONE_HZ)


@asynccontextmanager
async def answered(
    pbx: Bench, number: str = "1", *, recorded: bool = False
) -> AsyncIterator[AsteriskCallLeg]:
    """A call that has been answered and whose sound flows."""
    leg = pbx.telephony.call(f"att-{uuid.uuid4().hex[:12]}")
    try:
        await leg.prepare(endpoint=f"PJSIP/{number}@trunk", caller_id="1", caller_name="", with_media=True)
        if recorded:
            await leg.start_recording(leg.call_id)
        await leg.dial(30)
        while (await leg.next_event()).kind is not EventKind.ANSWERED:
            pass
        await frames_of(leg, 10)
        yield leg
    finally:
        await leg.release()


async def frames_of(leg: AsteriskCallLeg, count: int) -> list[MediaFrame]:
    assert leg.media is not None
    frames: list[MediaFrame] = []
    while len(frames) < count:
        event = await leg.media.receive(5.0)
        assert event is not None, "no sound comes"
        if isinstance(event, MediaFrame):
            frames.append(event)
    return frames


def silent_share(frames: list[MediaFrame]) -> float:
    """Share of frames without any sound worth the name."""
    loud = [
        bool(np.abs(np.frombuffer(frame.pcm, dtype="<i2").astype(float)).mean() >= 30) for frame in frames
    ]
    return loud.count(False) / len(loud)


async def nothing_left(pbx: Bench) -> None:
    """No channel and no bridge of ours is left on the PBX."""

    async def empty() -> bool:
        return not any([(await pbx.ari.request("GET", what)).body for what in ("channels", "bridges")])

    await until_asked(empty)


# --- a bad line ----------------------------------------------------------------------------------


async def test_sound_and_signalling_go_through_a_relay_that_loses_what_it_is_told_to(tmp_path: Path) -> None:
    async with relayed_pair(tmp_path) as (pair, relay), bench(pair) as pbx:
        pbx.far.scripts["1"] = answers_and_sounds
        async with answered(pbx) as leg:
            assert silent_share(await frames_of(leg, 50)) < 0.1
            lost_before = relay.counts.lost
            relay.to_pbx = LineFaults(loss=0.3, jitter_s=0.01)
            await until(lambda: relay.counts.lost > lost_before + 20)
            relay.to_pbx = LineFaults(loss=1.0)
            received = relay.counts.rtp_in
            await until(lambda: relay.counts.rtp_in > received + 50)
            relay.to_pbx = LineFaults()
            assert silent_share((await frames_of(leg, 120))[-20:]) < 0.1, "the line recovers"
            await pbx.far.calls[0].hang_up()
            while (await leg.next_event()).kind is not EventKind.DESTROYED:
                pass
        await nothing_left(pbx)
        assert relay.counts.calls == 1
        assert pair.pbx.problems() == []
