"""A PBX and a lab carrier on a real Asterisk, started once for all tests of this ring.

Started and stopped without an event loop, so tests on any loop share them. A test that kills, reloads or
reconfigures an instance starts its own pair with ``start_instances`` of ``tests.support.lab_pbx``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ari_app.asterisk.instance import AsteriskInstance
from tests.support.lab_pbx import Instances, start_instances, stop_instances


@pytest.fixture(scope="session")
def shared_instances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instances]:
    """Both instances; a missing Asterisk is an error with its remedy, never a silent skip."""
    running = start_instances(tmp_path_factory.mktemp("asterisk"))
    yield running
    stop_instances(running)


@pytest.fixture
def pbx(shared_instances: Instances) -> AsteriskInstance:
    return shared_instances.pbx


@pytest.fixture
def carrier(shared_instances: Instances) -> AsteriskInstance:
    return shared_instances.carrier


@pytest.fixture
def kept_prompts(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A local site in ``tmp_path`` finds the prompts that a test before it has rendered."""
    base = tmp_path_factory.getbasetemp()
    kept = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "kept-prompts"
    kept.mkdir(exist_ok=True)
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "prompts").symlink_to(kept)
