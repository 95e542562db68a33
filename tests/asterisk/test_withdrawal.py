"""A payment that another process writes while the telephone rings releases that call, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from ari_app.app import open_store
from ari_app.config import load_settings
from ari_app.domain.contact_facts import Flag
from ari_app.lab.agreement import comparable
from ari_app.lab.scenario import parse_scenario
from ari_app.site import Site, local_site
from tests.support.serving import DIALPLAN, create, everybody_called, serving, until

pytestmark = [pytest.mark.asterisk, pytest.mark.usefixtures("kept_prompts"), pytest.mark.timeout(120)]

SCENARIO = parse_scenario("""
region: CN
caller_ids: ["01055550100"]
personas:
  pays: {about: Lets it ring; pays meanwhile., ring: forever}
  waits: {about: Lets it ring., ring: forever}
numbers:
  "+8613800000101": pays
  "+8613800000102": waits
""")


def ringing(site: Site) -> set[str]:
    """Numbers that ring now, by the network's own records."""
    return {call.dialled for call in site.lab.records() if call.ringing_at and not call.ended_at}


async def test_a_payment_releases_the_telephone_that_rings_for_it(tmp_path: Path) -> None:
    async with local_site(tmp_path, SCENARIO, dialplan_dir=DIALPLAN) as site, serving(site) as controller:
        await create(site, SCENARIO)
        await controller.start()
        await until(site, lambda found: len(ringing(site)) == 2, 60.0, controller.words)
        async with open_store(load_settings(site.config)) as beside:  # this process is not the controller's
            await beside.set_flag("c001", Flag.PAID, "the bank", site.clock.now())
        found = await until(site, everybody_called(SCENARIO), 60.0, controller.words)
        await controller.stop()
        calls = {comparable(call.dialled, "CN"): call for call in site.lab.records()}
    by_phone = {record.phone: record for record in found}
    pays, waits = by_phone["+8613800000101"], by_phone["+8613800000102"]
    assert pays.disposition == "withdrawn"
    assert pays.dialled_at is not None
    assert waits.disposition == "no_answer"
    assert calls[comparable(pays.phone, "CN")].ended_by == "caller", "the network saw the CANCEL"
    assert calls[comparable(pays.phone, "CN")].answered_at is None
    assert pays.ended_at is not None
    assert waits.ended_at is not None
    assert pays.ended_at < waits.ended_at, "released by the payment, not by the ring timer"
