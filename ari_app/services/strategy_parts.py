"""The parts of a segment as they stand in a strategy file: conditions, steps, offers, delays, experiments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from ari_app.dialogue.source import MAPPING, Node, Reader
from ari_app.domain.account import AGE_BANDS, DEBT_CAUSES, DEBT_TYPES, MAX_SCORE, SERVICES
from ari_app.domain.experiment import (
    ARMS_ALLOWED,
    MOST_EXPERIMENTS,
    MOST_WEIGHT,
    NAME,
    NAME_ALLOWED,
    Arm,
    Experiment,
    arms_fault,
)
from ari_app.domain.segment import (
    ANYBODY,
    MESSAGE_CHANNELS,
    OFFERS,
    TONES,
    TRIGGER_ALLOWED,
    Anchor,
    Conditions,
    Delay,
    Offers,
    Step,
    StepKind,
    Trigger,
    parse_trigger,
)
from ari_app.domain.voice_style import ALLOWED, FASTEST, SLOWEST, voice_choice

LEVELS: Final = ("vip", "ordinary", "high_risk")
RISKS: Final = ("L", "M", "H")
STATES: Final = ("active", "suspended")
LANGUAGES: Final = ("zh", "en")

#: Conditions that are words: the key in the file, the field of ``Conditions``, the words that there are (None: any).
WORD_CONDITIONS: Mapping[str, tuple[str, tuple[str, ...] | None]] = {
    "customer_level": ("customer_levels", LEVELS),
    "risk_level": ("risk_levels", RISKS),
    "debt_type": ("debt_types", DEBT_TYPES),
    "debt_cause": ("debt_causes", DEBT_CAUSES),
    "region": ("regions", None),
    "age_band": ("age_bands", AGE_BANDS),
    "service": ("services", SERVICES),
    "service_state": ("service_states", STATES),
    "language": ("languages", LANGUAGES),
}
#: Conditions that are true or false.
FLAG_CONDITIONS: Final = ("good_record", "legal_stage", "early_warning")
CONDITION_KEYS: Final = (
    "bucket",
    "amount",
    "score",
    *WORD_CONDITIONS,
    "broken_promises",
    *FLAG_CONDITIONS,
)
STEP_KEYS: Final = ("do", "when", "name", "at", "template", "channels", "retry_hours", "flow", "tone")
OFFER_KEYS: Final = ("instalments", "deferral_days", "others")
EXPERIMENT_KEYS: Final = ("arms", "share_percent")
ARM_KEYS: Final = ("weight", "voice", "speed")
NEVER: Final = "never"
MOST_AMOUNT: Final = 10**9
MOST_RETRY_HOURS: Final = 2160
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
WORD_ALLOWED: Final = "letters, digits, _ and -, at most 64"
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_NOWHEN = Trigger(Anchor.START)


def read_conditions(reader: Reader, node: Node, where: str, buckets: tuple[str, ...]) -> Conditions:
    """Who belongs to a segment; ``buckets`` are those of the strategy's scheme."""
    entries = reader.mapping(node, where, CONDITION_KEYS)
    found: dict[str, Any] = {}
    if "bucket" in entries:
        found["buckets"] = reader.choices(entries["bucket"], f"{where}.bucket", "aging bucket", buckets)
    for key, (field, words) in WORD_CONDITIONS.items():
        if key not in entries:
            continue
        here = f"{where}.{key}"
        found[field] = (
            tuple(reader.string(item, here, longest=64) for item in reader.sequence(entries[key], here))
            if words is None
            else reader.choices(entries[key], here, key.replace("_", " "), words)
        )
    if "amount" in entries:
        found["amount_from"], found["amount_below"] = _range(
            reader, entries["amount"], f"{where}.amount", MOST_AMOUNT
        )
    if "score" in entries:
        found["score_from"], found["score_below"] = (
            None if each is None else int(each)
            for each in _range(reader, entries["score"], f"{where}.score", MAX_SCORE + 1, whole=True)
        )
    if "broken_promises" in entries:
        found["broken_promises_from"] = reader.integer(
            entries["broken_promises"], f"{where}.broken_promises", 1, 99
        )
    for key in FLAG_CONDITIONS:
        if key in entries:
            found[key] = reader.flag(entries[key], f"{where}.{key}")
    if node.kind == MAPPING and not node.entries:
        reader.fault(
            node.line, where, "there is no condition", "at least one, or no `when` at all in the last segment"
        )
    return Conditions(**found) if found else ANYBODY


def _range(
    reader: Reader, node: Node, where: str, most: int, *, whole: bool = False
) -> tuple[Decimal | None, Decimal | None]:
    """``{from: 50, below: 500}``, exactly as they were written; None for what is not said, or not within 0 to ``most``."""
    entries = reader.mapping(node, where, ("from", "below"))
    found: list[Decimal | None] = []
    for key in ("from", "below"):
        before = len(reader.problems)
        if key in entries:
            (reader.integer if whole else reader.number)(entries[key], f"{where}.{key}", 0, most)
        known = key in entries and len(reader.problems) == before
        found.append(Decimal(entries[key].text) if known else None)
    low, high = found
    if low is not None and high is not None and low >= high:
        reader.fault(node.line, where, f"nothing is {low} or more and below {high}", "from less than below")
    return low, high


def read_steps(reader: Reader, node: Node, where: str) -> tuple[Step, ...]:
    """The steps of a segment, in their order."""
    steps: list[Step] = []
    for number, item in enumerate(reader.sequence(node, where) if node.kind != "null" else ()):
        step = _step(reader, item, f"{where}[{number}]")
        if step.name and step.name in [each.name for each in steps]:
            reader.fault(
                item.line,
                f"{where}[{number}]",
                f"the step {step.name!r} stands there twice",
                "a `name` of its own",
            )
        steps.append(step)
    return tuple(steps)


def _step(reader: Reader, node: Node, where: str) -> Step:
    entries = reader.mapping(node, where, STEP_KEYS, ("do", "when"))
    word = (
        reader.choice(entries["do"], f"{where}.do", "kind of step", [each.value for each in StepKind])
        if "do" in entries
        else ""
    )
    kind = StepKind(word) if word else StepKind.CALL
    trigger = _NOWHEN
    if "when" in entries:
        text = reader.string(entries["when"], f"{where}.when", longest=40)
        try:
            trigger = parse_trigger(text) if text else trigger
        except ValueError as error:
            reader.fault(entries["when"].line, f"{where}.when", str(error), TRIGGER_ALLOWED)
    of_calls, of_messages = ("retry_hours", "flow", "tone"), ("template", "channels")
    for key in of_calls if kind is StepKind.MESSAGE else of_messages:
        if word and key in entries:
            wrong = f"a {kind} has no {key}"
            reader.fault(node.key_lines.get(key, node.line), f"{where}.{key}", wrong, "leave it out")
    if word and kind is StepKind.MESSAGE and "template" not in entries:
        reader.fault(node.line, where, "the message has no words", "template: the name of a message template")
    return Step(
        name=_word(reader, entries, "name", where) or f"{kind}-{trigger}",
        kind=kind,
        when=trigger,
        at=_time(reader, entries["at"], f"{where}.at") if "at" in entries else None,
        channels=read_channels(reader, entries["channels"], f"{where}.channels")
        if "channels" in entries
        else (),
        template=_word(reader, entries, "template", where),
        retry_hours=read_retry_hours(reader, entries["retry_hours"], f"{where}.retry_hours")
        if "retry_hours" in entries
        else (),
        flow=_word(reader, entries, "flow", where),
        tone=reader.choice(entries["tone"], f"{where}.tone", "tone", TONES) if "tone" in entries else "",
    )


def _word(reader: Reader, entries: Mapping[str, Node], key: str, where: str) -> str:
    return read_word(reader, entries[key], f"{where}.{key}") if key in entries else ""


def read_word(reader: Reader, node: Node, where: str) -> str:
    """A name: of a flow, a team, a template."""
    text = reader.string(node, where, longest=64)
    if text and not WORD.fullmatch(text):
        reader.fault(node.line, where, f"{text!r} is no name", WORD_ALLOWED)
        return ""
    return text


def _time(reader: Reader, node: Node, where: str) -> int | None:
    text = reader.string(node, where, longest=40)
    match = _TIME.fullmatch(text)
    if match is None:
        if text:
            reader.fault(
                node.line, where, f"{text!r} is not a time of day", 'HH:MM in quotes, such as "10:00"'
            )
        return None
    return int(match.group(1)) * 60 + int(match.group(2))


def read_channels(reader: Reader, node: Node, where: str) -> tuple[str, ...]:
    """Ways to send a message, the first one preferred."""
    found = reader.choices(node, where, "message channel", MESSAGE_CHANNELS)
    if len(set(found)) != len(found):
        reader.fault(node.line, where, "a channel stands there twice", "each once")
    return found


def read_retry_hours(reader: Reader, node: Node, where: str) -> tuple[float, ...]:
    """Offsets from the first attempt, ascending from 0."""
    items = reader.sequence(node, where)
    before = len(reader.problems)
    found = tuple(reader.number(item, where, 0, MOST_RETRY_HOURS) for item in items)
    ascending = all(found[i] < found[i + 1] for i in range(len(found) - 1))
    if len(reader.problems) == before and (not found or found[0] != 0 or not ascending):
        allowed = "ascending hours after the first attempt, beginning with 0, such as [0, 24, 72]"
        reader.fault(node.line, where, "these are no offsets of attempts", allowed)
        return (0.0,)
    return found


def read_delays(reader: Reader, node: Node, where: str) -> tuple[Delay, ...]:
    """``{no_answer: 4, refused: never}``."""
    found = []
    for name, value in reader.mapping(node, where).items():
        never = value.kind == "text" and value.text == NEVER
        if not never and value.kind == "text":
            reader.fault(
                value.line, f"{where}.{name}", f"{value.text[:40]!r} is no delay", f"hours, or {NEVER}"
            )
            continue
        found.append(
            Delay(name, None if never else reader.number(value, f"{where}.{name}", 0, MOST_RETRY_HOURS))
        )
    return tuple(found)


def read_offers(reader: Reader, node: Node, where: str) -> Offers:
    """What may be offered."""
    entries = reader.mapping(node, where, OFFER_KEYS)
    months = (
        reader.sequence(entries["instalments"], f"{where}.instalments") if "instalments" in entries else ()
    )
    days = entries.get("deferral_days")
    others = entries.get("others")
    return Offers(
        tuple(reader.integer(item, f"{where}.instalments", 2, 60) for item in months),
        0 if days is None else reader.integer(days, f"{where}.deferral_days", 0, 365),
        () if others is None else reader.choices(others, f"{where}.others", "offer", OFFERS),
    )


def read_voice(reader: Reader, node: Node, where: str) -> str:
    """A voice by its name."""
    name = reader.string(node, where, longest=100)
    try:
        if name:
            voice_choice(name)
    except ValueError as error:
        reader.fault(node.line, where, f"{name!r}: {error}", ALLOWED)
        return ""
    return name


def read_experiments(reader: Reader, node: Node, where: str) -> tuple[Experiment, ...]:
    """Arms that are compared, as in a campaign: ``NAME: {arms: {ARM: {weight, voice, speed}}, share_percent}``."""
    found = []
    entries = reader.mapping(node, where)
    if len(entries) > MOST_EXPERIMENTS:
        reader.fault(node.line, where, f"there are {len(entries)}", f"at most {MOST_EXPERIMENTS}")
    for name, value in entries.items():
        here = f"{where}.{name}"
        parts = reader.mapping(value, here, EXPERIMENT_KEYS, ("arms",))
        arms = tuple(
            _arm(reader, arm, each, f"{here}.arms.{arm}")
            for arm, each in (
                reader.mapping(parts["arms"], f"{here}.arms") if "arms" in parts else {}
            ).items()
        )
        if not all(NAME.fullmatch(each) for each in (name, *(arm.name for arm in arms))):
            reader.fault(value.line, here, "a name of an experiment or an arm is wrong", NAME_ALLOWED)
        fault = arms_fault(arms)
        if fault and "arms" in parts:
            reader.fault(value.line, f"{here}.arms", fault, ARMS_ALLOWED)
        share = parts.get("share_percent")
        found.append(
            Experiment(
                name, arms, 100.0 if share is None else reader.number(share, f"{here}.share_percent", 0, 100)
            )
        )
    return tuple(found)


def _arm(reader: Reader, name: str, node: Node, where: str) -> Arm:
    entries = reader.mapping(node, where, ARM_KEYS)
    weight, voice, speed = (entries.get(key) for key in ARM_KEYS)
    return Arm(
        name,
        1 if weight is None else reader.integer(weight, f"{where}.weight", 0, MOST_WEIGHT),
        "" if voice is None else read_voice(reader, voice, f"{where}.voice"),
        None if speed is None else reader.number(speed, f"{where}.speed", SLOWEST, FASTEST),
    )
