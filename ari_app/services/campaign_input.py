"""The create-task request (requirement I1): JSON in, a campaign and its accounts out, or every fault with its path.

Names are those of the request: ``name``, ``strategy``, ``dialer``, ``list``, ``webhook``. Unknown keys are refused, amounts
never pass through binary fractions, and nothing is returned from a request whose campaign part has a fault. Rows of
``list`` are checked one by one: a bad one is reported and the good ones load.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import (
    ValidationError,
)

from ari_app.domain.account import Account
from ari_app.domain.campaign import Campaign, CampaignStatus, CampaignStrategy, DiallerSpec, WebhookSpec
from ari_app.errors import InputError, Problem
from ari_app.services.account_row import FIELDS, FieldFault, RowDefaults, read_row
from ari_app.services.campaign_shape import WEEKDAYS, CampaignShape
from ari_app.services.exact_json import load_object
from ari_app.services.experiment_shape import experiments_of
from ari_app.services.model_problems import RefusedError, nearest, problems_of
from ari_app.services.phones import parse_caller_id

#: Longest request; longer lists are loaded with ``import``, which streams.
MAX_BYTES = 20_000_000
_CAMPAIGN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}", re.ASCII)
_PLACEHOLDER = re.compile(r"[0-9][0-9-]*[xX]{2,}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RowReject:
    """A row of ``list`` (from 0) that was not taken, and why."""

    row: int
    faults: tuple[FieldFault, ...]


@dataclass(frozen=True, slots=True)
class CampaignInput:
    """A request that was understood. ``placeholders`` counts caller IDs left out because digits stand open in them."""

    campaign: Campaign
    accounts: tuple[Account, ...] = field(repr=False, default=())
    rejects: tuple[RowReject, ...] = ()
    placeholders: int = 0


def read_campaign(
    path: Path,
    defaults: RowDefaults,
    *,
    campaign_id: str | None = None,
    allow_placeholders: bool = False,
) -> CampaignInput:
    """The request in a JSON file (UTF-8). Raises InputError as ``parse_campaign`` does."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError([Problem(str(path), "", f"cannot be read: {error.strerror or error}")]) from error
    return parse_campaign(
        raw, str(path), defaults, campaign_id=campaign_id, allow_placeholders=allow_placeholders
    )


def parse_campaign(
    raw: bytes,
    source: str,
    defaults: RowDefaults,
    *,
    campaign_id: str | None = None,
    allow_placeholders: bool = False,
) -> CampaignInput:
    """The campaign and the accounts of a request.

    ``campaign_id`` names the campaign; without it the id is made from the name, so that the same request sent twice
    is the same campaign. A caller ID with open digits (``010-6xxxxxxx``) is refused; with ``allow_placeholders`` it is
    left out and the campaign is paused, because a number that nobody owns is never shown.

    Raises InputError with every fault of the campaign part, each with its key path.
    """
    document = load_object(
        raw, source, MAX_BYTES, "load longer lists with import", "name, strategy, dialer, list, webhook"
    )
    rows = document.get("list", [])
    problems: list[Problem] = []
    if not isinstance(rows, list):
        problems.append(Problem(source, "list", "is not a list", "a list of rows"))
        rows = []
    if campaign_id is not None and not _CAMPAIGN_ID.fullmatch(campaign_id):
        problems.append(
            Problem(source, "campaign id", "is not an id", "letters, digits, _ . - and at most 64 of them")
        )
    try:
        request = CampaignShape.model_validate(document)
    except ValidationError as error:
        raise InputError(problems + problems_of(error, CampaignShape, lambda path: source)) from error
    pool, placeholders, faults = _caller_ids(
        request.dialer.caller_id_pool, source, defaults.country, allow_placeholders
    )
    if problems + faults:
        raise InputError(problems + faults)
    strategy, webhook = request.strategy, request.webhook
    campaign = Campaign(
        campaign_id=campaign_id or campaign_id_of(request.name),
        name=request.name,
        strategy=CampaignStrategy(
            timezone=strategy.timezone or defaults.timezone,
            windows=tuple(strategy.window),
            max_attempts=strategy.attempts,
            retry_hours=tuple(float(hours) for hours in strategy.retry_hours),
            aging_buckets=tuple(strategy.aging_buckets),
            min_amount=strategy.min_amount,
            closed_weekdays=tuple(WEEKDAYS.index(day) for day in strategy.closed_weekdays),
            flow=strategy.flow,
            voice=strategy.style,
            experiments=experiments_of(strategy.experiments),
            rule_pack=strategy.rule_pack,
            dials_per_day=strategy.dials_per_day,
            dials_per_week=strategy.dials_per_week,
            min_gap_minutes=strategy.min_gap_minutes,
            open_holidays=strategy.open_holidays,
            file=strategy.file or "",
            number_tries=strategy.number_tries,
        ),
        dialler=DiallerSpec(
            type=request.dialer.type,
            concurrency=request.dialer.concurrency,
            caller_id_pool=tuple(pool),
            ring_timeout_s=float(request.dialer.ring_timeout_s or defaults.ring_timeout_s),
            team=request.dialer.team,
            weight=request.dialer.weight,
        ),
        webhook=None if webhook is None else WebhookSpec(webhook.url, tuple(webhook.events), webhook.secret),
        status=CampaignStatus.PAUSED if placeholders else CampaignStatus.RUNNING,
    )
    accounts, rejects = _accounts(rows, defaults)
    return CampaignInput(campaign, tuple(accounts), tuple(rejects), placeholders)


def campaign_id_of(name: str) -> str:
    """The id of a campaign without one of its own: readable, and the same for the same name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "campaign"
    return f"{slug}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _caller_ids(
    written: list[str], source: str, country: str, allow_placeholders: bool
) -> tuple[list[str], int, list[Problem]]:
    pool: list[str] = []
    problems: list[Problem] = []
    placeholders = 0
    for index, text in enumerate(written):
        if allow_placeholders and len(text) < 40 and _PLACEHOLDER.search(text):
            placeholders += 1
            continue
        try:
            number = parse_caller_id(text, country)
        except RefusedError as error:
            problems.append(Problem(source, f"dialer.callerIdPool[{index}]", error.wrong, error.allowed))
            continue
        if number not in pool:
            pool.append(number)
    return pool, placeholders, problems


def _accounts(rows: list[object], defaults: RowDefaults) -> tuple[list[Account], list[RowReject]]:
    accounts: list[Account] = []
    rejects: list[RowReject] = []
    first: dict[tuple[str, str, str], int] = {}
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            rejects.append(
                RowReject(index, (FieldFault("", "is not an object", "keys and values in braces"),))
            )
            continue
        unknown = [
            FieldFault(str(key)[:64], "is not a known key", nearest(str(key), FIELDS))
            for key in row
            if key not in FIELDS
        ]
        found = read_row(row, defaults, typed=True)
        if unknown or isinstance(found, list):
            rejects.append(RowReject(index, (*unknown, *(found if isinstance(found, list) else ()))))
            continue
        if found.key in first:
            same = FieldFault(
                "billId", f"the same customer, account and bill as row {first[found.key]}", "each once"
            )
            rejects.append(RowReject(index, (same,)))
            continue
        first[found.key] = index
        accounts.append(found)
    return accounts, rejects
