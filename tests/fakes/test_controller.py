"""The controller's own rules: dial only in agreement with the PBX, end when another takes over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from ari_app.errors import TelephonyError
from ari_app.services.controller import Controller
from ari_app.services.dialler import Dialler
from ari_app.services.reconcile import Reconciled, Reconciler
from tests.support.calls import FakeLeg, FakeTelephony

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]


class IdleDialler:
    """Says whether it may dial; does nothing else."""

    def __init__(self) -> None:
        self.halted = True
        self.on_lost: Callable[[], None] = lambda: None

    async def run(self) -> None:
        await asyncio.Event().wait()

    def may_dial(self) -> bool:
        return not self.halted

    def wake(self) -> None:
        pass

    async def stop(self, *, reason: str) -> None:
        self.halted = True


class FakeReconciler:
    """Fails as often as it is told, then succeeds."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.runs = 0

    async def run(self) -> Reconciled:
        self.runs += 1
        if self.failures:
            self.failures -= 1
            raise TelephonyError("Asterisk cannot be asked")
        return Reconciled(0, 0)


def make(reconciler: FakeReconciler) -> tuple[Controller, IdleDialler, FakeTelephony]:
    telephony, dialler = FakeTelephony(FakeLeg), IdleDialler()
    controller = Controller(telephony, cast("Dialler", dialler), cast("Reconciler", reconciler))
    return controller, dialler, telephony


async def test_nothing_is_dialled_before_store_and_pbx_agree() -> None:
    reconciler = FakeReconciler(failures=3)
    controller, dialler, _ = make(reconciler)
    await controller.start()
    assert not dialler.may_dial()
    await controller.reconciled.wait()
    assert dialler.may_dial()
    assert reconciler.runs == 4
    await controller.stop()


async def test_a_reconnect_halts_until_they_agree_again() -> None:
    reconciler = FakeReconciler()
    controller, dialler, telephony = make(reconciler)
    await controller.start()
    await controller.reconciled.wait()
    reconciler.failures = 1
    telephony.reconnect()
    assert not dialler.may_dial()
    await controller.reconciled.wait()
    assert dialler.may_dial()
    await controller.stop()


async def test_a_controller_that_is_taken_over_ends_with_an_error() -> None:
    controller, dialler, _ = make(FakeReconciler())
    await controller.start()
    await controller.reconciled.wait()
    controller.taken_over()
    assert not dialler.may_dial()
    with pytest.raises(TelephonyError, match="took over"):
        await controller.failed()
    await controller.stop()
