"""Lists for tests of loading: rows, files in several forms, and a store that only counts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ari_app.domain.account import Account
from ari_app.domain.campaign import Campaign, CampaignStrategy, DiallerSpec
from ari_app.ports import LoadCount
from ari_app.services.account_row import RowDefaults

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DEFAULTS = RowDefaults(now=NOW)
CAMPAIGN = Campaign("c-1", "test", CampaignStrategy(), DiallerSpec())


def a_row(number: int = 1, /, **changes: object) -> dict[str, object]:
    """A good row, as the create-task request writes it."""
    return {
        "customerId": f"c_{10000 + number}",
        "name": "张三",
        "phone": f"138{number:08d}",
        "accountId": f"a_{20000 + number}",
        "billId": f"b_{30000 + number}",
        "amountDue": "568.32",
        "dueDate": "2026-02-20",
    } | changes


def csv_bytes(rows: Sequence[Mapping[str, object]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def write_csv(
    path: Path, rows: Sequence[Mapping[str, object]], encoding: str = "utf-8", delimiter: str = ","
) -> Path:
    path.write_bytes(csv_bytes(rows, encoding, delimiter))
    return path


def write_json(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path.write_text(json.dumps(list(rows), ensure_ascii=False), encoding="utf-8")
    return path


def write_xlsx(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    book.save(path)
    book.close()
    return path


class CountingStore:
    """The two methods of the store that loading needs, in memory."""

    def __init__(self, *campaigns: Campaign) -> None:
        self.known = {campaign.campaign_id: campaign for campaign in campaigns}
        self.accounts: dict[tuple[str, tuple[str, str, str]], Account] = {}
        self.batches: list[int] = []

    async def campaign(self, campaign_id: str) -> Campaign | None:
        return self.known.get(campaign_id)

    async def load_accounts(self, campaign_id: str, accounts: Sequence[Account], now: datetime) -> LoadCount:
        self.batches.append(len(accounts))
        added = updated = unchanged = 0
        for account in accounts:
            before = self.accounts.get((campaign_id, account.key))
            added += before is None
            unchanged += before == account
            updated += before is not None and before != account
            self.accounts[campaign_id, account.key] = account
        return LoadCount(added, updated, unchanged)
