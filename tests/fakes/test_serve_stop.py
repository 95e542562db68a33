"""``ari-app serve`` told to end before it has reached Asterisk."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest

from tests.support.serving import DIALPLAN, Serving
from tests.support.until import until

pytestmark = pytest.mark.fakes


async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes a connection and lets it wait until the other end goes."""
    while await reader.read(4096):
        pass
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_while_asterisk_is_waited_for_ends_at_once(
    tmp_path: Path, number: signal.Signals
) -> None:
    silent = await asyncio.start_server(says_nothing, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    config = tmp_path / "ari-app.json"
    sections = {
        "data_dir": str(tmp_path / "data"),
        "dialplan_dir": str(DIALPLAN),
        "ari": {"url": f"http://127.0.0.1:{port}", "user": "a", "password": "b"},
    }
    config.write_text(json.dumps(sections), encoding="utf-8")
    controller = Serving(config, tmp_path / "log")
    await controller.start()
    process = controller._process
    assert process is not None
    try:
        await until(lambda: "calls are not recorded" in controller.words(), 30.0)
        process.send_signal(number)
        # The waiting for Asterisk alone would take longer.
        assert await asyncio.wait_for(process.wait(), 15.0) == 0, controller.words()
        assert "Traceback" not in controller.words()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        silent.close()
        await silent.wait_closed()
