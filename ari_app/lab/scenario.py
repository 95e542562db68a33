"""A scenario: which number behaves how, and the accounts of a demonstration. Read from YAML (docs/lab.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import available_timezones

import phonenumbers

from ari_app.errors import InputError, Problem
from ari_app.lab.expected import Expected, read_expected
from ari_app.lab.persona import Persona
from ari_app.lab.persona_yaml import LANGUAGES, NAME, read_personas
from ari_app.lab.yaml_fields import Fields
from ari_app.services.account_details import DETAIL_FIELDS
from ari_app.yaml_lines import YamlDocument, load_yaml, read_yaml

DATA = Path(__file__).parent / "data"
DEMO = DATA / "demo.yaml"
PERSONAS = DATA / "personas.yaml"
#: Scenarios that may be called by their names.
SHIPPED: tuple[str, ...] = ("demo", "dialogue")
DEFAULT_PERSONA = "unallocated"
DEFAULT_FLOW = "reminder"
#: Calls of a demonstration at one time; each talks over real RTP on this one machine.
CONCURRENCY = 24
_PATTERN = re.compile(r"\+?[0-9X]{1,24}\*?")
_AMOUNT = r"[0-9]{1,9}\.[0-9]{2}"
_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_LONGEST_NUMBER = 40


@dataclass(frozen=True, slots=True)
class NumberPattern:
    """``+86139XXXX0001`` or ``+86139*``: X is any digit, * at the end any further digits."""

    match: str
    persona: str

    def fits(self, number: str) -> bool:
        """Whether an E.164 number (or the digits as dialled) fits."""
        shape = re.escape(self.match).replace("X", "[0-9]").replace(r"\*", "[0-9]*")
        return re.fullmatch(shape, number, re.ASCII) is not None


@dataclass(frozen=True, slots=True)
class LabAccount:
    """One account of a demonstration: a row of the list, and what its persona makes of the call.

    ``flow`` is the flow of the campaign that it stands in, ``columns`` are further columns of the list. ``expected`` is
    what a faultless product stores.
    """

    customer_id: str
    account_id: str
    bill_id: str
    name: str = field(repr=False)
    phone: str = field(repr=False)
    amount_due: Decimal
    overdue_days: int
    currency: str
    language: str
    timezone: str
    flow: str
    columns: Mapping[str, str]
    persona: str
    expected: Expected

    def row(self, today: date) -> dict[str, str]:
        """The row of a customer list (requirement A3) as of a local day."""
        return {
            "customerId": self.customer_id,
            "name": self.name,
            "phone": self.phone,
            "accountId": self.account_id,
            "billId": self.bill_id,
            "amountDue": str(self.amount_due),
            "currency": self.currency,
            "dueDate": (today - timedelta(days=self.overdue_days)).isoformat(),
            "language": self.language,
            "timezone": self.timezone,
            **self.columns,
        }


@dataclass(frozen=True, slots=True)
class Scenario:
    """Personas, the numbers that have them, and demo accounts. ``numbers`` has E.164 keys; accounts are in it.

    ``concurrency`` is how many accounts of a demonstration are called at one time, ``speed`` how fast the bot speaks.
    """

    source: str
    region: str
    personas: Mapping[str, Persona]
    numbers: Mapping[str, str]
    patterns: tuple[NumberPattern, ...]
    default: str
    accounts: tuple[LabAccount, ...]
    caller_ids: tuple[str, ...]
    concurrency: int
    speed: float

    def persona_for(self, dialled: str) -> Persona:
        """The persona of a number as it was dialled (any form that the region allows)."""
        number = e164(dialled, self.region) or dialled
        name = self.numbers.get(number)
        if name is None:
            name = next((each.persona for each in self.patterns if each.fits(number)), self.default)
        return self.personas[name]

    def on_silent_trunk(self, number: str) -> bool:
        """Whether calls to a number belong on the trunk whose far end never replies."""
        return self.persona_for(number).black_hole

    def silent_numbers(self) -> frozenset[str]:
        """E.164 numbers that belong on the trunk whose far end never replies."""
        return frozenset(number for number, name in self.numbers.items() if self.personas[name].black_hole)

    def expected(self) -> dict[str, Expected]:
        """What must come of each customer."""
        return {account.customer_id: account.expected for account in self.accounts}

    def flows(self) -> tuple[str, ...]:
        """The flows of the accounts, in order; a demonstration has a campaign for each."""
        return tuple(dict.fromkeys(account.flow for account in self.accounts))

    def rows(self, today: date, flow: str | None = None) -> list[dict[str, str]]:
        """The customer list of the demo accounts (those of one flow, where it is named) as of a local day."""
        return [account.row(today) for account in self.accounts if flow in (None, account.flow)]


def e164(number: str, region: str) -> str | None:
    """A number in E.164, or None for what is no possible number; never raises."""
    if len(number) > _LONGEST_NUMBER:
        return None
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def scenario_file(path: Path | None = None) -> Path:
    """Where a scenario lies: a file, or a shipped scenario by its bare name (the demonstration when None)."""
    if path is None:
        return DEMO
    return DATA / f"{path}.yaml" if str(path) in SHIPPED and not path.exists() else path


def load_scenario(path: Path | None = None) -> Scenario:
    """Read a scenario, see :func:`scenario_file`.

    :raises InputError: every fault, with file and line.
    """
    return _scenario(read_yaml(scenario_file(path)))


def parse_scenario(text: str, source: str = "scenario.yaml") -> Scenario:
    """As :func:`load_scenario`, from a text."""
    return _scenario(load_yaml(text, source))


def shipped_personas() -> dict[str, Persona]:
    """The personas that every scenario may use without writing them down."""
    document = read_yaml(PERSONAS)
    problems: list[Problem] = []
    root = Fields(document, (), document.value, problems)
    found = read_personas(root.nested("personas", "personas by name"))
    root.finish()
    if problems:
        raise InputError(problems)
    return found


def _scenario(document: YamlDocument) -> Scenario:
    problems: list[Problem] = []
    root = Fields(document, (), document.value, problems, "a scenario: personas, numbers, accounts, ...")
    region = root.text("region", "CN", pattern="[A-Z]{2}", means="a country code of two letters, such as CN")
    if region not in phonenumbers.SUPPORTED_REGIONS:
        root.fault("region", f"{region!r} is no country with a number plan", "a country code such as CN, US")
        region = "CN"
    personas = shipped_personas() | read_personas(root.nested("personas", "personas by name"))
    numbers = _numbers(root, region, personas)
    patterns = _patterns(root, personas)
    default = _persona_name(root, "default", personas, DEFAULT_PERSONA)
    caller_ids = _caller_ids(root)
    concurrency = int(root.number("concurrency", CONCURRENCY, 1, 100))
    speed = root.number("speed", 1.0, 0.5, 2.0)
    accounts = _accounts(root, region, personas, numbers)
    root.finish()
    if problems:
        raise InputError(problems)
    numbers |= {account.phone: account.persona for account in accounts}
    return Scenario(
        document.source,
        region,
        personas,
        numbers,
        patterns,
        default,
        accounts,
        caller_ids,
        concurrency,
        speed,
    )


def _persona_name(fields: Fields, key: str, personas: Mapping[str, Persona], default: str = "") -> str:
    name = fields.text(key, default, required=not default, pattern=NAME, means="the name of a persona")
    if name and name not in personas:
        fields.fault(key, f"there is no persona {name!r}", ", ".join(sorted(personas)))
    return name


def _numbers(root: Fields, region: str, personas: Mapping[str, Persona]) -> dict[str, str]:
    fields = root.nested("numbers", 'personas by number: {"+8613800000001": busy}')
    found: dict[str, str] = {}
    for written in fields.keys():  # noqa: SIM118 - Fields is no mapping
        number = e164(written, region)
        if number is None:
            fields.fault(written, "this is no telephone number", 'E.164 in quotes: "+8613800000001"')
        elif number in found:
            fields.fault(written, "this number is there already in another form", "each number once")
        else:
            found[number] = _persona_name(fields, written, personas)
    return found


def _patterns(root: Fields, personas: Mapping[str, Persona]) -> tuple[NumberPattern, ...]:
    found: list[NumberPattern] = []
    for path, item in root.items("patterns", "patterns"):
        fields = Fields(root.document, path, item, root.problems, '{match: "+86139*", persona: busy}')
        match = fields.text(
            "match",
            required=True,
            pattern=_PATTERN.pattern,
            means='digits, + first, X for any digit, * last: "+86139*"',
        )
        found.append(NumberPattern(match, _persona_name(fields, "persona", personas)))
        fields.finish()
    return tuple(found)


def _caller_ids(root: Fields) -> tuple[str, ...]:
    found: list[str] = []
    for path, item in root.items("caller_ids", "numbers"):
        if isinstance(item, str) and re.fullmatch(r"\+?[0-9]{3,15}", item, re.ASCII):
            found.append(item)
        else:
            index = path[-1]
            assert isinstance(index, int)
            where = root.document.where(path)
            root.problems.append(
                Problem(where, f"caller_ids[{index}]", f"{str(item)[:40]!r} is no number", '"01055550100"')
            )
    return tuple(found)


def _accounts(
    root: Fields, region: str, personas: Mapping[str, Persona], numbers: Mapping[str, str]
) -> tuple[LabAccount, ...]:
    found: list[LabAccount] = []
    customers: set[str] = set()
    phones: set[str] = set(numbers)
    for path, item in root.items("accounts", "accounts", most=100_000):
        where = Fields(root.document, path, item, root.problems, "an account")
        account = _account(where, region, personas)
        if account.customer_id and account.customer_id in customers:
            where.fault("customer_id", f"{account.customer_id!r} is there already", "each customer once")
        if account.phone and account.phone in phones:
            where.fault("phone", "this number has a persona already", "each number once")
        customers.add(account.customer_id)
        phones.add(account.phone)
        found.append(account)
    return tuple(found)


def _account(fields: Fields, region: str, personas: Mapping[str, Persona]) -> LabAccount:
    customer = fields.text("customer_id", required=True, pattern=_ID, means="letters, digits and . _ -")
    written = fields.text("phone", required=True, means='a number in E.164, in quotes: "+8613800000001"')
    number = e164(written, region) if written else ""
    if number is None or (number and not phonenumbers.is_valid_number(phonenumbers.parse(number))):
        fields.fault("phone", f"{written[:40]!r} is no valid telephone number", 'such as "+8613800000001"')
    timezone = fields.text("timezone", "Asia/Shanghai")
    if timezone not in available_timezones():
        fields.fault("timezone", f"there is no time zone {timezone!r}", "an IANA name such as Asia/Shanghai")
    amount = fields.text(
        "amount_due",
        "100.00",
        required=True,
        pattern=_AMOUNT,
        means='an amount with two decimals in quotes: "128.50"',
    )
    language = fields.text("language", "zh", one_of=LANGUAGES)
    account = LabAccount(
        customer_id=customer,
        account_id=fields.text("account_id", f"A-{customer}", pattern=_ID, means="letters, digits and . _ -"),
        bill_id=fields.text("bill_id", f"B-{customer}", pattern=_ID, means="letters, digits and . _ -"),
        name=fields.text("name", required=True, longest=64),
        phone=number or "",
        amount_due=Decimal(amount),
        overdue_days=int(fields.number("overdue_days", 10, -366, 3660)),
        currency=fields.text("currency", "CNY", pattern="[A-Z]{3}", means="an ISO 4217 code such as CNY"),
        language=language,
        timezone=timezone,
        flow=fields.text("flow", DEFAULT_FLOW, pattern=NAME, means="the name of a flow"),
        columns=_columns(fields),
        persona=_persona_name(fields, "persona", personas),
        expected=read_expected(fields, "expected", language),
    )
    fields.finish()
    return account


def _columns(account: Fields) -> dict[str, str]:
    fields = account.nested("columns", 'further columns of the list: {service: water, lateFee: "3.20"}')
    found = {name: fields.text(name) for name in DETAIL_FIELDS if name in fields}
    fields.finish(DETAIL_FIELDS)
    return found
