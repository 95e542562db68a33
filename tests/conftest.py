"""Rules that hold for every test: one ring each, nothing left behind, virtual time on request.

Mark an async test ``virtual_time`` to run it on a loop whose clock jumps when idle; ask for the fixture
``virtual_loop`` to hold that loop.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest
from hypothesis import HealthCheck, settings

from tests.support.clock import FakeClock
from tests.support.leaks import footprint, leaked_tasks, leaks_since
from tests.support.rings import ring_faults
from tests.support.virtual_time import VirtualTimeLoop

# No test asserts on seconds: these machines are shared.
# A build server tries the same examples each time, so that a change is judged by what it changes; elsewhere each run
# tries new ones.
settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
    max_examples=40,
)
#: For a change of a rule: `scripts/test -m pure --hypothesis-profile=thorough`.
settings.register_profile("thorough", settings.get_profile("house"), max_examples=500)
#: For `make`: fewer examples of each property; scripts/test tries them all.
settings.register_profile("quick", settings.get_profile("house"), max_examples=10)
settings.load_profile("house")

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    faults = ring_faults(items)
    if faults:
        raise pytest.UsageError("\n".join(["tests without their ring:", *faults]))


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, LoopFactory]:
    if item.get_closest_marker("virtual_time"):
        return {"virtual": VirtualTimeLoop}
    return {"real": asyncio.new_event_loop}


@pytest.fixture(scope="session", autouse=True)
def events_keep_to_their_schemas() -> Iterator[None]:
    """Every event that any test writes is what docs/events says of it, so that no payload drifts from its schema."""
    from ari_app.store.codec import document
    from ari_app.store.webhooks import events
    from tests.support.event_schemas import faults

    def checked(payload: Mapping[str, object]) -> str:
        found = faults(payload)
        assert not found, "an event does not keep to its schema:\n" + "\n".join(found)
        return document(payload)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "document", checked)
        yield


@pytest.fixture(autouse=True)
def no_leaked_resources() -> Iterator[None]:
    """Threads, sockets and child processes that a test made are gone when it ends."""
    before = footprint()
    yield
    faults = leaks_since(before)
    if faults:
        pytest.fail("the test left behind: " + "; ".join(faults), pytrace=False)


@pytest.fixture(autouse=True)
def no_leaked_tasks(request: pytest.FixtureRequest, no_leaked_resources: None) -> None:
    """Tasks that an async test or its fixtures started are gone when it ends."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("task_guard")


@pytest.fixture
async def task_guard() -> AsyncIterator[None]:
    yield
    faults = await leaked_tasks()
    if faults:
        pytest.fail("the test left behind: " + "; ".join(faults), pytrace=False)


@pytest.fixture
def fake_clock() -> FakeClock:
    """A wall clock that stands at a Monday morning in China until the test moves it."""
    return FakeClock()


@pytest.fixture
async def virtual_loop() -> VirtualTimeLoop:
    """The running virtual-time loop of a test marked ``virtual_time``."""
    loop = asyncio.get_running_loop()
    if not isinstance(loop, VirtualTimeLoop):
        raise pytest.UsageError("mark the test with pytest.mark.virtual_time to use virtual_loop")
    return loop
