"""The examples of docs/webhooks.md do what they say, as they stand there."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook

from ari_app.domain.webhooks.message import Message
from ari_app.gateways.webhooks.sender import signed_headers
from tests.support.docs import ROOT
from tests.support.receiver import receiver
from tests.support.webhooks import SECRET

pytestmark = pytest.mark.fakes

PAGE = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
BODY = '{"event":"payment.settled","taskId":"t","name":"王"}'


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def headers_of(secret: str) -> dict[str, str]:
    return signed_headers(Message("", "payment.settled", "t+b+1", BODY, (secret,)), datetime.now(UTC))


@pytest.mark.parametrize("secret", [SECRET, "any words"])
def test_the_receiver_in_python_takes_an_event_once_and_refuses_a_forged_one(
    tmp_path: Path, secret: str
) -> None:
    (code,) = blocks("python")
    script = tmp_path / "receive.py"
    headers = headers_of(secret)
    calls = f"""
headers, body = {headers!r}, {BODY.encode()!r}
print(receive({secret!r}, headers, body), receive({secret!r}, headers, body))
print(receive({secret!r}, headers, body + b" "), receive("another one", headers, body))
"""
    script.write_text(code + calls, encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:3] == ["payment.settled t", "204 204", "401 401"]


def test_the_signature_by_hand_is_ours(tmp_path: Path) -> None:
    by_hand, _ = blocks("bash")
    (tmp_path / "body.json").write_text(BODY, encoding="utf-8")
    headers = headers_of(SECRET)
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", by_hand],
        cwd=tmp_path,
        env={
            **os.environ,
            "SECRET": SECRET,
            "WEBHOOK_ID": headers["webhook-id"],
            "WEBHOOK_TIMESTAMP": headers["webhook-timestamp"],
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"v1,{done.stdout.strip()}" == headers["webhook-signature"]


async def test_what_is_sent_by_hand_is_verified_like_any_other(tmp_path: Path) -> None:
    _, by_curl = blocks("bash")
    (tmp_path / "body.json").write_text(BODY, encoding="utf-8")
    async with receiver() as far:
        process = await asyncio.create_subprocess_exec(
            *("bash", "-eu", "-o", "pipefail", "-c", by_curl),
            cwd=tmp_path,
            env={**os.environ, "SECRET": SECRET, "URL": far.url, "NO_PROXY": "*"},
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        assert (process.returncode, out) == (0, b"204\n")
        (request,) = far.requests
        assert Webhook(SECRET).verify(request.body, request.headers)["taskId"] == "t"
        assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 300


def test_the_table_of_waits_is_what_is_done() -> None:
    from ari_app.domain.webhooks.delivery import Policy

    told = re.findall(r"^\| the [^|]*\| ([0-9]+) (s|min|h) \|", PAGE, re.MULTILINE)
    seconds = [int(count) * {"s": 1, "min": 60, "h": 3600}[unit] for count, unit in told]
    assert tuple(map(float, seconds)) == Policy().delays_s
