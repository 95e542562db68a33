"""``ari-app webhooks`` and ``ari-app alerts`` as people use them."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook
from typer.testing import CliRunner, Result

from ari_app.cli import app
from ari_app.domain.call_result import PromiseToPay
from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.webhooks.delivery import Answer, Policy
from ari_app.ports import BillKey
from ari_app.services.alerts.alert_file import read_alert_book
from ari_app.store.sqlite_store import SqliteStore
from tests.support.store_rows import NOW, account, campaign

pytestmark = pytest.mark.fakes

ROOT = Path(__file__).parents[3]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A site with a broken promise: its event is dead at the campaign's webhook, and has raised an alert."""
    path = tmp_path / "ari-app.yaml"
    path.write_text(
        f"data_dir: {tmp_path}\ndialplan_dir: {ROOT / 'dialplan'}\nwebhooks: {{allow_networks: [127.0.0.1]}}\n"
    )

    async def fill() -> None:
        async with await SqliteStore.open(tmp_path / "ari-app.sqlite3") as store:
            spec = WebhookSpec("https://e.invalid/h", ("collection.ptp.broken",), "secret-1")
            await store.put_campaign(replace(campaign(), webhook=spec))
            await store.load_accounts("c1", [account()], NOW)
            bill = BillKey("cust-1", "acc-1", "b1")
            promised = [PromiseToPay(Decimal("100.00"), NOW.date().isoformat())]
            await store.debts.promise(bill, promised, made_in="p-1", source="page", now=NOW)
            await store.debts.move_clock(NOW + timedelta(days=2))
            (due,) = await store.webhooks.due(NOW + timedelta(days=2), {}, 8)
            for _ in range(2):
                await store.webhooks.settle(due, Answer(500), Policy(retries=1), NOW, 0.0)
            await store.alerts.read_events(read_alert_book(ROOT / "dialplan" / "alerts.yaml"), NOW)

    asyncio.run(fill())
    return path


def call(config: Path, *words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, ["--config", str(config), *words], input=stdin, catch_exceptions=True)


def told(config: Path, *words: str) -> Any:
    result = call(config, *words, "--json")
    assert result.exit_code == 0, result.output + repr(result.exception)
    return json.loads(result.output)


def test_a_dead_letter_is_found_looked_at_and_replayed(config: Path) -> None:
    (dead,) = told(config, "webhooks", "list", "--state", "dead")
    assert (dead["event"], dead["tries"], dead["status"]) == ("collection.ptp.broken", 2, 500)
    (shown,) = told(config, "webhooks", "show", str(dead["event_id"]))
    assert shown["payload"]["event"] == "collection.ptp.broken"
    assert "webhook-id msg_" in call(config, "webhooks", "show", str(dead["event_id"])).output
    assert told(config, "webhooks", "replay", "--event", "payment.*") == {"replayed": 0}
    assert told(config, "webhooks", "replay", "--dead") == {"replayed": 1}
    assert told(config, "webhooks", "list", "--state", "dead") == []
    assert call(config, "webhooks", "replay").exit_code == 2, "nothing is replayed without saying which"
    assert call(config, "webhooks", "show", "999").exit_code != 0


def test_an_endpoint_is_added_and_its_secret_shown_once(config: Path) -> None:
    added = told(
        config, "webhooks", "endpoints", "add", "crm", "https://e.example/x", "--events", "payment.*"
    )
    assert added["secret"].startswith("whsec_")
    listed = told(config, "webhooks", "endpoints", "list")
    assert [(each["name"], each["state"]) for each in listed] == [
        ("campaign/c1", "active"),
        ("crm", "active"),
    ]
    assert added["secret"] not in call(config, "webhooks", "endpoints", "list").output
    assert call(config, "webhooks", "endpoints", "add", "crm", "https://e.example/x").exit_code != 0
    rotated = told(config, "webhooks", "endpoints", "rotate", "crm")
    assert rotated["secret"] != added["secret"]
    given = call(config, "webhooks", "endpoints", "rotate", "crm", "--secret", "-", stdin="a longer secret\n")
    assert given.exit_code == 0
    assert "a longer secret" not in given.output
    assert told(config, "webhooks", "endpoints", "disable", "crm") == {"name": "crm", "state": "disabled"}
    assert told(config, "webhooks", "endpoints", "enable", "crm") == {"name": "crm", "state": "active"}
    assert call(config, "webhooks", "endpoints", "enable", "nobody").exit_code != 0


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("crm", "http://169.254.169.254/x"), "link-local"),
        (("crm", "https://u:p@e.example/x"), "user or password"),
        (("campaign/c9", "https://e.example/x"), "is no name"),
        (("crm", "https://e.example/x", "--events", "paiment.*"), "fits no event"),
    ],
)
def test_what_can_never_work_is_refused(config: Path, words: tuple[str, ...], fault: str) -> None:
    result = call(config, "webhooks", "endpoints", "add", *words)
    assert result.exit_code != 0
    assert fault in str(result.exception)


@pytest.fixture
def far_end() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    taken: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((dict(self.headers.items()), body))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/x", taken
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_test_event_is_signed_like_any_other(
    config: Path, far_end: tuple[str, list[tuple[dict[str, str], bytes]]]
) -> None:
    url, taken = far_end
    added = told(config, "webhooks", "endpoints", "add", "crm", url)
    tested = told(config, "webhooks", "endpoints", "test", "crm")
    assert tested == {"delivered": True, "status": 202, "why": "answered 202"}
    ((headers, body),) = taken
    assert Webhook(added["secret"]).verify(body, headers)["event"] == "webhook.test"


def test_an_alert_is_found_taken_on_written_about_and_closed(config: Path) -> None:
    (alert,) = told(config, "alerts", "list", "--rule", "promise_broken")
    assert (alert["severity"], alert["state"]) == ("P2", "open")
    name = alert["alert_id"]
    assert told(config, "alerts", "ack", name, "--by", "Li")["state"] == "acknowledged"
    assert call(config, "alerts", "ack", name, "--by", "Wu").exit_code != 0
    told(config, "alerts", "note", name, "no answer", "--by", "Li")
    assert call(config, "alerts", "contact", name, "spoken", "--by", "Li").exit_code != 0
    assert told(config, "alerts", "close", name, "paid in cash", "--by", "Li")["state"] == "closed"
    story = told(config, "alerts", "show", name)
    assert [(each["what"], each["by"]) for each in story["record"]] == [
        ("raised", "ari-app"),
        ("acknowledged", "Li"),
        ("note", "Li"),
        ("closed", "Li"),
    ]
    assert told(config, "alerts", "list", "--rule", "promise_broken") == []
    assert "paid in cash" in call(config, "alerts", "show", name).output


def test_the_rules_are_checked_and_shown(config: Path, tmp_path: Path) -> None:
    assert "no fault" in call(config, "alerts", "check").output
    assert len(told(config, "alerts", "rules")) > 15
    faulty = tmp_path / "faulty.yaml"
    faulty.write_text("people: {}\nchains: {}\nrules: {}\n")
    result = call(config, "alerts", "check", str(faulty))
    assert result.exit_code != 0
    assert "faulty.yaml:3: rules" in str(result.exception)


def test_an_alert_is_raised_by_hand(config: Path) -> None:
    raised = told(config, "alerts", "raise", "on a public site", "--customer", "cust-1", "--by", "Li")
    assert (raised["rule"], raised["subject"], raised["severity"]) == ("by_hand", "cust-1", "P2")
    assert call(config, "alerts", "raise", "x", "--customer", "nobody", "--by", "Li").exit_code != 0
    assert call(config, "alerts", "raise", "x", "--contact-hours", "3", "--by", "Li").exit_code == 2
