"""Conversations as files: what a customer does, and how the call has to end (``ari-app flow test``).

A file ``dialplan/flows/tests/NAME.yaml`` holds conversations of one flow. It is read like a flow, every fault with file
and line, and walked with the flow's own engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from ari_app.dialogue.flow import Flow
from ari_app.dialogue.source import MAPPING, Node, Reader
from ari_app.dialogue.spoken import LANGUAGES
from ari_app.domain.account import Account
from ari_app.domain.call_result import ConversationResult
from ari_app.domain.compliance import zone_of
from ari_app.domain.experiment import NO_ARMS, Arms, unknown_arms
from ari_app.services.account_row import FIELDS
from ari_app.services.flow_trial import Trial, trial_account, try_flow
from ari_app.services.source_nodes import read_nodes

_TOP = ("flow", "now", "account", "conversations")
_CONVERSATION = ("name", "language", "now", "account", "arms", "customer", "expect")
_PROMISE = ("amount", "date", "channel")
_PLAN = ("kind", "periods", "monthly", "total", "first_date", "until")
_DISPUTE = ("category", "description", "evidence", "answer_days")
_CALLBACK = ("day", "at")
EXPECT = (
    "result",
    "verified",
    "promises",
    "plan",
    "dispute",
    "callback",
    "transfer",
    "message",
    "do_not_contact",
    "language",
    "upset",
    "coverage",
    "intents",
    "reasons",
    "says",
    "never_says",
)
_DEFAULT_NOW = "2026-03-11 10:30"
_ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Expectation:
    """One thing that must hold at the end of a conversation; ``line`` where it stands."""

    name: str
    line: int
    want: object


@dataclass(frozen=True, slots=True)
class Fixture:
    """One conversation: who is called, what he does, what must come of it."""

    name: str
    file: str
    line: int
    flow: str
    account: Account = field(repr=False)
    now: datetime
    customer: tuple[str, ...]
    expect: tuple[Expectation, ...]
    arms: Arms = NO_ARMS


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a fixture went. ``failures`` are told with file and line; none when all holds."""

    fixture: Fixture
    trial: Trial = field(repr=False)
    failures: tuple[str, ...]


def read_fixtures(path: Path) -> list[Fixture]:
    """The conversations of a file; raises InputError with every fault."""
    reader = Reader(str(path))
    root = reader.mapping(read_nodes(path), "", _TOP, ("flow", "conversations"))
    flow = reader.string(root["flow"], "flow") if "flow" in root else ""
    shared = _fields(reader, root.get("account"), "account")
    fixtures: list[Fixture] = []
    for number, node in enumerate(
        reader.sequence(root["conversations"], "conversations") if "conversations" in root else (), 1
    ):
        fixture = _fixture(reader, node, f"conversations.{number}", flow, shared, root.get("now"))
        if fixture is not None:
            fixtures.append(fixture)
    names = [fixture.name for fixture in fixtures]
    for fixture in fixtures:
        if names.count(fixture.name) > 1:
            reader.fault(
                fixture.line, "conversations", f"{fixture.name!r} stands here twice", "a name of its own"
            )
    reader.finish()
    return fixtures


def run_fixture(fixture: Fixture, flow: Flow, companies: Mapping[str, str]) -> Outcome:
    """Walk a conversation; the failures are in the order of the file."""
    trial = try_flow(flow, fixture.account, companies, fixture.now, fixture.arms)
    trial.begin()
    failures: list[str] = []
    unknown = unknown_arms(flow.experiments, fixture.arms)
    if unknown:
        return Outcome(fixture, trial, (f"{fixture.file}:{fixture.line}: {fixture.name}: arms: {unknown}",))
    for number, answer in enumerate(fixture.customer, 1):
        if trial.result is not None:
            failures.append(
                f"{fixture.file}:{fixture.line}: {fixture.name}: it ended with {trial.result.result!r} before answer"
                f" {number} ({answer!r})"
            )
            break
        trial.give(answer)
    result = trial.result
    if result is None:
        last = trial.exchanges[-1]
        failures.append(
            f"{fixture.file}:{fixture.line}: {fixture.name}: it has not ended; the bot has asked: {last.said!r}"
        )
        result = trial.dialogue.hung_up().result or ConversationResult("hung_up")
    if not failures:
        for one in fixture.expect:
            fault = _judge(one, result, trial)
            if fault:
                failures.append(f"{fixture.file}:{one.line}: {fixture.name}: {one.name}: {fault}")
    return Outcome(fixture, trial, tuple(failures))


# ------------------------------------------------------------------------------------------------------------- reading


def _fixture(
    reader: Reader, node: Node, where: str, flow: str, shared: Mapping[str, str], now: Node | None
) -> Fixture | None:
    entries = reader.mapping(node, where, _CONVERSATION, ("name", "customer", "expect"))
    before = len(reader.problems)
    name = reader.string(entries["name"], f"{where}.name") if "name" in entries else ""
    language = (
        reader.choice(entries["language"], f"{where}.language", "language", LANGUAGES)
        if "language" in entries
        else shared.get("language", "zh")
    )
    fields = {**shared, **_fields(reader, entries.get("account"), f"{where}.account")}
    zone = zone_of(fields.get("timezone", _ZONE)) or ZoneInfo(_ZONE)
    moment = _moment(reader, entries.get("now", now), f"{where}.now", zone)
    account = trial_account(fields, moment, language or "zh")
    if not isinstance(account, Account):
        for fault in account:
            reader.fault(node.line, f"{where}.account.{fault.field}", fault.wrong, fault.allowed)
    arms = _arms(reader, entries.get("arms"), f"{where}.arms")
    customer = tuple(
        _scalar(reader, item, f"{where}.customer")
        for item in (
            reader.sequence(entries["customer"], f"{where}.customer") if "customer" in entries else ()
        )
    )
    expect = _expectations(reader, entries["expect"], f"{where}.expect") if "expect" in entries else ()
    if len(reader.problems) > before or not isinstance(account, Account):
        return None
    return Fixture(name, reader.file, node.line, flow, account, moment, customer, expect, arms)


def _fields(reader: Reader, node: Node | None, where: str) -> dict[str, str]:
    if node is None:
        return {}
    return {
        key: _scalar(reader, value, f"{where}.{key}")
        for key, value in reader.mapping(node, where, FIELDS).items()
    }


def _arms(reader: Reader, node: Node | None, where: str) -> Arms:
    if node is None:
        return NO_ARMS
    entries = reader.mapping(node, where).items()
    return tuple(sorted((name, _scalar(reader, value, f"{where}.{name[:40]}")) for name, value in entries))


def _scalar(reader: Reader, node: Node, where: str) -> str:
    if node.kind in ("text", "int", "float", "bool"):
        return node.text
    reader.fault(
        node.line, where, "this is no single value", "a text, in quotes where it looks like a number"
    )
    return ""


def _moment(reader: Reader, node: Node | None, where: str, zone: tzinfo) -> datetime:
    text = _DEFAULT_NOW if node is None else _scalar(reader, node, where)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        reader.fault(node.line if node else 1, where, f"{text[:40]!r} is no time", "such as 2026-03-11 10:30")
        return datetime(2026, 3, 11, tzinfo=UTC)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _expectations(reader: Reader, node: Node, where: str) -> tuple[Expectation, ...]:
    found: list[Expectation] = []
    for key, value in reader.mapping(node, where, EXPECT, ("result",)).items():
        at = f"{where}.{key}"
        want: object
        match key:
            case "verified" | "do_not_contact" | "upset":
                want = reader.flag(value, at)
            case "coverage" | "intents" | "reasons" | "says" | "never_says":
                want = tuple(_scalar(reader, item, at) for item in reader.sequence(value, at))
            case "promises":
                items = () if value.kind == "list" and not value.items else reader.sequence(value, at)
                want = tuple(_parts(reader, item, at, _PROMISE) for item in items)
            case "plan":
                want = _parts(reader, value, at, _PLAN)
            case "dispute":
                want = _parts(reader, value, at, _DISPUTE)
            case "callback":
                want = _parts(reader, value, at, _CALLBACK)
            case _:
                want = _scalar(reader, value, at)
        found.append(Expectation(key, value.line, want))
    return tuple(found)


def _parts(reader: Reader, node: Node, where: str, allowed: tuple[str, ...]) -> dict[str, str]:
    if node.kind != MAPPING:
        reader.fault(node.line, where, "this is no mapping", "some of: " + ", ".join(allowed))
        return {}
    return {
        key: _scalar(reader, value, f"{where}.{key}")
        for key, value in reader.mapping(node, where, allowed).items()
    }


# ------------------------------------------------------------------------------------------------------------- judging


def _judge(one: Expectation, result: ConversationResult, trial: Trial) -> str:
    """What is wrong; '' when the expectation holds."""
    spoken = "\n".join(exchange.said for exchange in trial.exchanges)
    plain: dict[str, Callable[[], object]] = {
        "result": lambda: result.result,
        "verified": lambda: result.verified,
        "transfer": lambda: result.transfer_reason,
        "message": lambda: result.message,
        "do_not_contact": lambda: result.do_not_contact,
        "language": lambda: result.language,
        "upset": lambda: result.upset,
    }
    if one.name in plain:
        return _differs(plain[one.name](), one.want)
    if one.name in ("coverage", "intents", "reasons"):
        have: tuple[str, ...] = getattr(result, one.name)
        missing = [word for word in _texts(one.want) if word not in have]
        return f"{', '.join(missing)} missing; there is: {', '.join(have) or 'none'}" if missing else ""
    if one.name == "says":
        missing = [text for text in _texts(one.want) if text not in spoken]
        return f"not said: {missing}; said: {spoken!r}" if missing else ""
    if one.name == "never_says":
        there = [text for text in _texts(one.want) if text in spoken]
        return f"said: {there}" if there else ""
    if one.name == "promises":
        wanted = one.want if isinstance(one.want, tuple) else ()
        if len(wanted) != len(result.promises):
            return f"there are {len(result.promises)}, not {len(wanted)}"
        pairs = zip(result.promises, wanted, strict=True)
        return next((fault for have_one, want in pairs if (fault := _parts_differ(have_one, want))), "")
    return _parts_differ(getattr(result, one.name), one.want)


def _texts(want: object) -> tuple[str, ...]:
    return want if isinstance(want, tuple) else ()


def _differs(have: object, want: object) -> str:
    return "" if have == want else f"is {have!r}, not {want!r}"


def _parts_differ(have: object, want: object) -> str:
    if have is None:
        return "there is none"
    for name, value in (want if isinstance(want, dict) else {}).items():
        found = getattr(have, name)
        told = "" if found is None else found.strftime("%H:%M") if hasattr(found, "tzinfo") else str(found)
        if isinstance(found, tuple):
            told = ", ".join(map(str, found))
        if told != value:
            return f"{name} is {told!r}, not {value!r}"
    return ""
