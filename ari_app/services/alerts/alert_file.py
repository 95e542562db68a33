"""Reading ``dialplan/alerts.yaml``: what raises an alert, by when somebody takes it on, and who is told."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from ari_app.domain.alerts.alert import Level, Severity
from ari_app.domain.alerts.rules import (
    About,
    AlertBook,
    AlertRule,
    EventSource,
    Measure,
    MeasureSource,
    Source,
    Standing,
    StandingSource,
    named,
)
from ari_app.domain.event_names import EVENTS
from ari_app.errors import InputError, Problem
from ari_app.services.model_problems import RefusedError, nearest, problems_of
from ari_app.yaml_lines import YamlDocument, load_yaml, read_yaml

ALERT_FILE: Final = "alerts.yaml"
_NAME: Final = r"^[a-z][a-z0-9_]{0,39}$"


def _listed(value: object) -> object:
    """One text stands for a list of one."""
    return [value] if isinstance(value, str | int | float | bool) else value


def _event(pattern: str) -> str:
    if pattern.startswith("alert."):
        raise RefusedError("is an event of alerts themselves", "an event of what alerts are about")
    if not any(named((pattern,), event) for event in EVENTS):
        raise RefusedError("fits no event", nearest(pattern, EVENTS))
    return pattern


def _address(text: str) -> str:
    local, _, domain = text.partition("@")
    if not local or "." not in domain or not text.isascii() or not text.isprintable() or " " in text:
        raise RefusedError("is no address of e-mail", "duty@example.com")
    return text


def _text(value: object) -> object:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


_Name = Annotated[str, Field(pattern=_NAME)]
_Hours = Annotated[float, Field(gt=0, le=24 * 90)]
_Rate = Annotated[float, Field(gt=0, lt=1)]
_Events = Annotated[
    list[Annotated[str, AfterValidator(_event)]], Field(min_length=1, max_length=20), BeforeValidator(_listed)
]
_Values = Annotated[
    list[Annotated[str, BeforeValidator(_text), Field(max_length=100)]],
    Field(min_length=1, max_length=50),
    BeforeValidator(_listed),
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Event(_Part):
    name: _Events
    when: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9.]{0,99}$")], _Values] = {}


class _Standing(_Part):
    being: Standing = Field(alias="is")
    amount: Annotated[float, Field(ge=0, le=1e9)] | None = None
    hours: _Hours | None = None
    days: Annotated[int, Field(ge=0, le=3650)] | None = None
    score: Annotated[int, Field(ge=0, le=100)] | None = None

    @model_validator(mode="after")
    def _wanted(self) -> Self:
        needs = {
            Standing.HIGH_AMOUNT: "amount",
            Standing.PRE_SUSPENSION: "hours",
            Standing.OVERDUE: "days",
            Standing.LOW_SCORE: "score",
        }.get(self.being, "")
        given = [name for name in ("amount", "hours", "days", "score") if getattr(self, name) is not None]
        if given != ([needs] if needs else []):
            raise RefusedError("does not have the key that belongs to it", needs or "no key besides `is`")
        return self


class _Measure(_Part):
    of: Measure
    window_hours: _Hours = 24.0
    least: Annotated[int, Field(ge=1, le=10**6)] = 100
    baseline_days: Annotated[float, Field(gt=0, le=366)] = 28.0
    above: Annotated[float, Field(ge=0, le=10**6)] | None = None
    below: Annotated[float, Field(gt=0, le=1)] | None = None
    drop: _Rate | None = None
    rise: Annotated[float, Field(gt=0, le=100)] | None = None
    per_campaign: bool = False
    events: _Events | None = None

    @model_validator(mode="after")
    def _wanted(self) -> Self:
        bounds = [name for name in ("above", "below", "drop", "rise") if getattr(self, name) is not None]
        counted = self.of is Measure.EVENTS
        if counted != (self.events is not None):
            raise RefusedError("`events` belongs to `of: events`, and only there", "names of events")
        if len(bounds) != 1 or (counted and bounds != ["above"]):
            raise RefusedError(
                "has no bound, or several", "above" if counted else "one of above, below, drop, rise"
            )
        return self


class _Rule(_Part):
    rule: _Name
    text: Annotated[str, Field(min_length=1, max_length=200)]
    severity: Severity
    event: _Event | None = None
    standing: _Standing | None = None
    measure: _Measure | None = None
    about: About | None = None
    hours: _Hours | None = None
    contact_hours: _Hours | None = None
    chain: _Name = "default"
    closes_on: _Events | None = None
    closes_itself: bool = True

    @model_validator(mode="after")
    def _wanted(self) -> Self:
        given = [name for name in ("event", "standing", "measure") if getattr(self, name) is not None]
        if len(given) != 1:
            raise RefusedError("has no source, or several", "one of event, standing, measure")
        if self.measure is not None and self.about is not None:
            raise RefusedError("a figure is about all, or about each campaign", "per_campaign under measure")
        if self.standing is not None and self.about not in (None, About.BILL, About.CUSTOMER):
            raise RefusedError("an account is about its bill or its customer", "about: bill, about: customer")
        return self


class _Level(_Part):
    after_hours: Annotated[float, Field(ge=0, le=24 * 90)] = 0.0
    to: Annotated[list[_Name], Field(max_length=20)] = []
    also: Annotated[list[_Name], Field(max_length=20)] = Field([], alias="copy")


class _File(_Part):
    people: dict[_Name, Annotated[list[Annotated[str, AfterValidator(_address)]], Field(max_length=20)]]
    chains: dict[_Name, Annotated[list[_Level], Field(min_length=1, max_length=10)]]
    rules: Annotated[list[_Rule], Field(max_length=200)]


def read_alert_book(path: Path, dispositions: Collection[str] = ()) -> AlertBook:
    """The rules of a file; raises InputError with file and line of every fault.

    ``dispositions``: all that calls end with; a rule about another is a fault then. Empty: nothing is said about it, as in
    a running controller, where a change of one file must not silence the other.
    """
    return _book(read_yaml(path), dispositions)


def parse_alert_book(text: str, file: str = ALERT_FILE, dispositions: Collection[str] = ()) -> AlertBook:
    """The rules of a YAML text; ``file`` names it in errors, ``dispositions`` as in ``read_alert_book``."""
    return _book(load_yaml(text, file), dispositions)


def _book(document: YamlDocument, dispositions: Collection[str]) -> AlertBook:
    try:
        found = _File.model_validate(document.value)
    except ValidationError as error:
        raise InputError(problems_of(error, _File, document.where)) from None
    problems = _faults(found, document, dispositions)
    if problems:
        raise InputError(problems)
    return AlertBook(
        rules=tuple(_rule(each) for each in found.rules),
        chains={
            name: tuple(Level(level.after_hours, tuple(level.to), tuple(level.also)) for level in levels)
            for name, levels in found.chains.items()
        },
        people={name: tuple(addresses) for name, addresses in found.people.items()},
    )


def _faults(found: _File, document: YamlDocument, dispositions: Collection[str]) -> list[Problem]:
    """What no part shows by itself: names that are not there, names given twice, hours that go back."""
    problems: list[Problem] = []

    def fault(path: tuple[str | int, ...], wrong: str, allowed: str = "") -> None:
        key = ".".join(str(part) for part in path)
        problems.append(Problem(document.where(path), key, wrong, allowed))

    for name, levels in found.chains.items():
        for number, level in enumerate(levels):
            for person in [*level.to, *level.also]:
                if person not in found.people:
                    fault(("chains", name, number), f"{person} is nobody", nearest(person, found.people))
            if number > 1 and level.after_hours < levels[number - 1].after_hours:
                fault(("chains", name, number), "comes before the level above it", "hours that grow")
    names = [rule.rule for rule in found.rules]
    for number, rule in enumerate(found.rules):
        if rule.rule in names[:number]:
            fault(
                ("rules", number, "rule"), f"two rules are called {rule.rule}", "a name of its own for each"
            )
        if rule.chain not in found.chains:
            fault(("rules", number), f"there is no chain {rule.chain}", nearest(rule.chain, found.chains))
        if rule.event is not None and dispositions and named(tuple(rule.event.name), "call.completed"):
            for word in rule.event.when.get("disposition", []):
                if word not in dispositions:
                    path = ("rules", number, "event", "when", "disposition")
                    fault(path, f"no call ends as {word}", nearest(word, dispositions))
    return problems


def _rule(each: _Rule) -> AlertRule:
    source: Source
    about = each.about or About.BILL
    if each.event is not None:
        when = {field: tuple(values) for field, values in each.event.when.items()}
        source = EventSource(tuple(each.event.name), when)
    elif each.standing is not None:
        stands = each.standing
        source = StandingSource(
            stands.being, stands.amount or 0.0, stands.hours or 0.0, stands.days or 0, stands.score or 0
        )
    else:
        assert each.measure is not None  # one of the three is given, the model has seen to it
        of = each.measure
        about = About.CAMPAIGN if of.per_campaign else About.WHOLE
        source = MeasureSource(
            of.of,
            of.window_hours,
            of.least,
            of.baseline_days,
            of.above,
            of.below,
            of.drop,
            of.rise,
            of.per_campaign,
            tuple(of.events or ()),
        )
    return AlertRule(
        each.rule,
        each.text,
        each.severity,
        source,
        about,
        each.hours,
        each.contact_hours,
        each.chain,
        tuple(each.closes_on or ()),
        each.closes_itself,
    )
