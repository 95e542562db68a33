"""What the call floor logs: ids, dispositions and codes, never a customer."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ari_app.domain.call_machine import Event, EventKind
from ari_app.errors import RequestRefused, TelephonyError
from tests.fakes.test_dialler import all_calls_over
from tests.support.calls import FakeLeg, FakeMedia
from tests.support.floor import Route, any_trunk, floor
from tests.support.store_rows import account

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

PHONE = account(1).phone
SECRETS = (PHONE, PHONE.removeprefix("+86"), account(1).name, "568", account(1).customer_id)


def answers(call_id: str) -> FakeLeg:
    return FakeLeg(call_id, [(0.5, Event(EventKind.ANSWERED))], media=FakeMedia())


def cannot_be_prepared(call_id: str) -> FakeLeg:
    return FakeLeg(
        call_id, prepare_error=TelephonyError(f"POST channels/create PJSIP/{PHONE}@trunk: refused")
    )


def cannot_be_dialled(call_id: str) -> FakeLeg:
    return FakeLeg(call_id, dial_error=RequestRefused(f"PJSIP/{PHONE}@trunk", 409, "wrong state"))


def no_trunk(attempt: object) -> None:
    return None


def route_with_a_fault(attempt: object) -> None:
    raise ValueError(f"{PHONE} is not a number that can be written")


@pytest.mark.parametrize(
    ("make", "route"),
    [
        (answers, any_trunk),
        (cannot_be_prepared, any_trunk),
        (cannot_be_dialled, any_trunk),
        (answers, no_trunk),
        (answers, route_with_a_fault),
    ],
)
async def test_no_customer_stands_in_a_log_line(tmp_path: Path, make: object, route: Route) -> None:
    with capture_logs() as lines:
        async with floor(tmp_path, make, route=route) as place:  # type: ignore[arg-type]
            await place.dialler.turn()
            await all_calls_over(place.dialler)
            await place.reconciler.run()
            assert None not in await place.dispositions()
    assert any(line["event"] == "call ended" for line in lines)
    said = [repr(line) for line in lines]
    assert [line for line in said for secret in SECRETS if secret in line] == []
