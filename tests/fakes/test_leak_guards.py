"""The guards bite: small suites that leak, run by a pytest of their own with this project's conftest."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

pytestmark = pytest.mark.fakes

ROOT = Path(__file__).parents[2]

RunSuite = Callable[[str], str]


@pytest.fixture
def run_suite(tmp_path: Path) -> RunSuite:
    """Run one test module as tests/pure/test_it.py under this project's rules; what pytest printed."""

    def run(module: str) -> str:
        room = tmp_path / "suite" / "pure"
        room.mkdir(parents=True)
        (room / "test_it.py").write_text(dedent(module))
        (room.parent / "conftest.py").write_text("from tests.conftest import *\n")
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"),
                *("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path / "suite"), str(room)),
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        return done.stdout + done.stderr

    return run


def test_a_clean_async_test_passes(run_suite: RunSuite) -> None:
    out = run_suite(
        """
        import asyncio, pytest
        pytestmark = pytest.mark.pure

        @pytest.mark.virtual_time
        async def test_it():
            task = asyncio.create_task(asyncio.sleep(3600))
            await task
            await asyncio.to_thread(len, "x")

        def test_that():
            pass
        """
    )
    assert "2 passed" in out


def test_an_unmarked_test_stops_the_run(run_suite: RunSuite) -> None:
    out = run_suite("def test_it():\n    pass\n")
    assert "tests without their ring" in out
    assert "no ring" in out


def test_a_leaked_task_is_an_error(run_suite: RunSuite) -> None:
    out = run_suite(
        """
        import asyncio, pytest
        pytestmark = pytest.mark.pure
        kept = []

        async def test_it():
            kept.append(asyncio.create_task(asyncio.sleep(3600), name="forgotten"))
        """
    )
    assert "forgotten" in out
    assert "still runs" in out
    assert "1 error" in out


def test_a_task_left_by_a_fixture_is_an_error(run_suite: RunSuite) -> None:
    out = run_suite(
        """
        import asyncio, pytest
        pytestmark = pytest.mark.pure

        @pytest.fixture
        async def machine():
            task = asyncio.create_task(asyncio.sleep(3600), name="forgotten")
            yield task

        async def test_it(machine):
            pass
        """
    )
    assert "forgotten" in out
    assert "1 error" in out


def test_a_task_that_was_cancelled_may_take_its_turn_to_end(run_suite: RunSuite) -> None:
    out = run_suite(
        """
        import asyncio, pytest
        pytestmark = pytest.mark.pure

        async def test_it():
            task = asyncio.create_task(asyncio.sleep(3600))
            await asyncio.sleep(0)
            task.cancel()
        """
    )
    assert "1 passed" in out
    assert "error" not in out


def test_a_leaked_thread_socket_and_child_are_errors(run_suite: RunSuite) -> None:
    out = run_suite(
        """
        import socket, subprocess, sys, threading, pytest
        pytestmark = pytest.mark.pure
        kept = []

        def test_thread():
            stop = threading.Event()
            threading.Thread(target=stop.wait, args=(8,), name="forgotten", daemon=True).start()

        def test_socket():
            kept.append(socket.socket())

        def test_child():
            kept.append(subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE))

        def test_the_end():
            kept.pop(0).close()
            child = kept.pop()
            child.communicate()
            assert child.returncode is not None
        """
    )
    assert "thread 'forgotten' still runs" in out
    assert "socket:[" in out
    assert "child process" in out
    assert "3 errors" in out
