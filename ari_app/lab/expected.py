"""What must come of a scenario's account: its disposition, and where wanted the whole structured result. Pure.

The keys are those of the object of ``attempts export``, so that an expectation reads like what it is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ari_app.domain.result_export import RESULT_FIELDS
from ari_app.lab.yaml_fields import Fields

#: Of the export's keys those that say what was agreed: an expectation that does not name one wants it to be empty.
YIELDS: tuple[str, ...] = ("promises", "plan", "dispute", "callback", "transfer_reason", "message")
#: Keys of an expectation besides those of the export.
EXPECTED_KEYS: tuple[str, ...] = ("disposition", "do_not_contact", "says", "never_says")

_NAME = r"[a-z][a-z0-9_]{0,63}"
_WHAT = "a disposition, or a mapping: {result: promise_to_pay, promises: [{amount: ...}]}"


@dataclass(frozen=True, slots=True)
class Expected:
    """How one account must end.

    ``values`` are keys and values as in ``attempts export``, compared as deep as they are written; None where the
    disposition alone counts. ``do_not_contact`` is whether the number is on that list afterwards. Of the bot's words
    (the transcript) every piece of ``says`` must be there and none of ``never_says``.
    """

    disposition: str
    values: Mapping[str, object] | None = None
    do_not_contact: bool = False
    says: tuple[str, ...] = ()
    never_says: tuple[str, ...] = field(default=())

    def to_json(self) -> object:
        """As a scenario writes it."""
        if self.values is None:
            return self.disposition
        return {
            "disposition": self.disposition,
            **self.values,
            "do_not_contact": self.do_not_contact,
            "says": list(self.says),
            "never_says": list(self.never_says),
        }


def read_expected(account: Fields, key: str, language: str) -> Expected:
    """The expectation of an account; faults are noted in ``account``.

    A mapping wants everything of :data:`YIELDS` that it does not name to be empty, and the account's language where the
    call has a result. ``disposition`` is that of ``result`` where it is not named.
    """
    if not isinstance(account.take(key), dict):
        return Expected(
            account.text(key, required=True, pattern=_NAME, means="the name of a disposition, or a mapping")
        )
    fields = account.nested(key, _WHAT)
    result = fields.text("result", pattern=_NAME, means="what the conversation ends with")
    disposition = fields.text(
        "disposition", result, required=not result, pattern=_NAME, means="the name of a disposition"
    )
    empty: dict[str, object] = {name: [] if name == "promises" else None for name in YIELDS}
    spoken: dict[str, object] = {"result": result, "language": language} if result else {}
    written = {name: fields.take(name) for name in RESULT_FIELDS if name in fields and name != "result"}
    found = Expected(
        disposition,
        {**spoken, **empty, **written},
        fields.flag("do_not_contact", False),
        _pieces(fields, "says"),
        _pieces(fields, "never_says"),
    )
    fields.finish((*RESULT_FIELDS, *EXPECTED_KEYS))
    return found


def _pieces(fields: Fields, key: str) -> tuple[str, ...]:
    found: list[str] = []
    for path, item in fields.items(key, "pieces of what the bot says"):
        if isinstance(item, str) and item.strip():
            found.append(item)
        else:
            fields.fault(key, f"item {path[-1]} is no text", "pieces of what the bot says, in quotes")
    return tuple(found)


def differences(
    expected: Expected, attempt: Mapping[str, object], said: str, *, on_the_list: bool
) -> list[str]:
    """What is not as expected, in sentences; none when all is.

    :param attempt: the object of ``attempts export``; :param said: all that the bot said in the call, in order.
    :param on_the_list: whether the number is on the do-not-contact list.
    """
    found: list[str] = []
    if attempt.get("disposition") != expected.disposition:
        found.append(f"disposition is {attempt.get('disposition')}, not {expected.disposition}")
    if expected.values is None:
        return found
    for key, want in expected.values.items():
        found += _unlike(key, attempt.get(key), want)
    if on_the_list != expected.do_not_contact:
        found.append(f"do_not_contact is {on_the_list}, not {expected.do_not_contact}")
    heard = _plain(said)
    found += [f"the bot did not say {piece!r}" for piece in expected.says if _plain(piece) not in heard]
    found += [f"the bot said {piece!r}" for piece in expected.never_says if _plain(piece) in heard]
    return found


def _unlike(path: str, have: object, want: object) -> list[str]:
    """Mappings are compared by the keys that are wanted, lists item by item, anything else as text."""
    if isinstance(want, Mapping) and isinstance(have, Mapping):
        return [
            fault for key, value in want.items() for fault in _unlike(f"{path}.{key}", have.get(key), value)
        ]
    if isinstance(want, list) and isinstance(have, list) and len(want) == len(have):
        return [
            fault
            for number, pair in enumerate(zip(have, want, strict=True))
            for fault in _unlike(f"{path}[{number}]", *pair)
        ]
    same = have is want if have is None or want is None else str(have) == str(want)
    return [] if same else [f"{path} is {have}, not {want}"]


def _plain(text: str) -> str:
    """Without blanks and line breaks and in small letters: how sentences were cut into prompts does not matter."""
    return "".join(text.lower().split())
