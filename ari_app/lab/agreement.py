"""Do the store and the network tell the same story? Pure comparison of stored attempts with the lab's call records.

An attempt that was dialled and a call that arrived belong together when they have the same number, in order of time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ari_app.lab.records import LabCall
from ari_app.lab.scenario import e164
from ari_app.lab.tape import FarEnd, check_far_end

__all__ = ["Agreement", "FarEnd", "Pair", "check_far_end", "comparable", "compare", "repeated_dialogs"]

CLOCK_SLACK = timedelta(seconds=2)
"""The INVITE leaves after the dial was recorded; both clocks are the same machine's."""
LATEST_INVITE = timedelta(seconds=30)
MAY_BE_UNSENT = frozenset({"interrupted"})
"""Dispositions of attempts whose INVITE may never have left: the controller died between the record and the INVITE."""

NEVER_SENT = frozenset({"not_dialled", "forbidden"})
"""Dispositions that say that no INVITE left, also where the dial had been recorded just before the call was stopped."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An attempt and the call that it made."""

    attempt_id: str
    call: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """The outcome of a comparison.

    ``double_dials`` counts calls to a number beyond the attempts stored for it; ``unsent`` names attempts marked as
    dialled whose INVITE never arrived, with a disposition that allows it; ``mismatches`` says in sentences what does
    not agree.
    """

    lab_calls: int
    attempts_dialled: int
    pairs: tuple[Pair, ...]
    double_dials: int
    unsent: tuple[str, ...]
    mismatches: tuple[str, ...]
    cdr_calls: int | None = None

    @property
    def agrees(self) -> bool:
        """Whether both tell the same story, and nobody was dialled twice."""
        return not self.mismatches and self.double_dials == 0


def compare(
    attempts: Iterable[Mapping[str, object]],
    records: Sequence[LabCall],
    cdr_calls: int | None = None,
    region: str = "CN",
) -> Agreement:
    """Compare attempts (objects of ``attempts export``) with the lab's records.

    :param cdr_calls: rows of the carrier's own CDR, where they were read; calls to the silent trunk are not in it.
    :param region: country whose way of writing numbers the network uses, so that 138... and +86138... are the same.
    :raises ValueError: an attempt has a ``dialled_at`` that is no ISO instant.
    """
    dialled = [each for each in attempts if each.get("channel", "call") == "call" and each.get("dialled_at")]
    by_number: dict[str, list[Mapping[str, object]]] = defaultdict(list)
    unsent = [str(each.get("attempt_id")) for each in dialled if each.get("disposition") in NEVER_SENT]
    for attempt in dialled:
        if attempt.get("disposition") in NEVER_SENT:
            continue  # a call to its number that nobody else has made is one too many
        by_number[comparable(attempt.get("phone"), region)].append(attempt)
    calls_of: dict[str, list[LabCall]] = defaultdict(list)
    for call in records:
        calls_of[comparable(call.dialled, region)].append(call)
    pairs: list[Pair] = []
    mismatches: list[str] = []
    double_dials = 0
    for number in sorted(by_number.keys() | calls_of.keys()):
        mine = sorted(by_number.get(number, []), key=lambda each: _instant(each["dialled_at"]))
        theirs = sorted(calls_of.get(number, []), key=lambda each: (_instant(each.invited_at), each.call))
        matched, alone, extra = _match(mine, theirs)
        double_dials += len(extra)
        mismatches += [f"call {call.call}: no attempt in the store dialled it" for call in extra]
        for attempt in alone:
            name = str(attempt.get("attempt_id"))
            if attempt.get("disposition") in MAY_BE_UNSENT:
                unsent.append(name)
            else:
                how = attempt.get("disposition")
                mismatches.append(
                    f"attempt {name} ({how}): dialled according to the store, but no call arrived"
                )
        for attempt, call in matched:
            pairs.append(Pair(str(attempt.get("attempt_id")), call.call))
            mismatches += _differences(attempt, call, region)
    mismatches += repeated_dialogs(records)
    silent = sum(call.persona == "black_hole" for call in records)
    if cdr_calls is not None and cdr_calls != len(records) - silent:
        mismatches.append(
            f"the carrier's CDR has {cdr_calls} calls, the lab {len(records) - silent} "
            f"(without {silent} on the silent trunk)"
        )
    return Agreement(
        lab_calls=len(records),
        attempts_dialled=len(dialled),
        pairs=tuple(pairs),
        double_dials=double_dials,
        unsent=tuple(unsent),
        mismatches=tuple(mismatches),
        cdr_calls=cdr_calls,
    )


def comparable(number: object, region: str = "CN") -> str:
    """A number in one form, whichever way it was written: E.164 where it is a telephone number, else its digits."""
    text = str(number or "")
    return e164(text, region) or "".join(sign for sign in text if sign in "0123456789")


def repeated_dialogs(records: Iterable[LabCall]) -> list[str]:
    """A SIP Call-ID that arrived as two calls: a repeated INVITE that the network took for a new call."""
    seen: dict[str, int] = {}
    found: list[str] = []
    for call in records:
        if call.sip_call_id and call.sip_call_id in seen:
            found.append(f"call {call.call}: the same SIP Call-ID as call {seen[call.sip_call_id]}")
        seen.setdefault(call.sip_call_id, call.call)
    return found


_Attempt = Mapping[str, object]


def _match(
    attempts: Sequence[_Attempt], calls: Sequence[LabCall]
) -> tuple[list[tuple[_Attempt, LabCall]], list[_Attempt], list[LabCall]]:
    """Pair in order of time: each attempt takes the first call that can be its own."""
    matched: list[tuple[_Attempt, LabCall]] = []
    alone: list[_Attempt] = []
    extra: list[LabCall] = []
    left = list(calls)
    for attempt in attempts:
        at = _instant(attempt["dialled_at"])
        while left and _instant(left[0].invited_at) < at - CLOCK_SLACK:
            extra.append(left.pop(0))
        if left and _instant(left[0].invited_at) <= at + LATEST_INVITE:
            matched.append((attempt, left.pop(0)))
        else:
            alone.append(attempt)
    return matched, alone, extra + left


def _differences(attempt: _Attempt, call: LabCall, region: str) -> list[str]:
    found: list[str] = []
    name = f"attempt {attempt.get('attempt_id')}, call {call.call}"
    if comparable(attempt.get("caller_id"), region) != comparable(call.caller_id, region):
        found.append(f"{name}: the store has another caller ID than the network saw")
    if attempt.get("disposition") in MAY_BE_UNSENT:
        return found  # the controller was not there to see how it went on
    if bool(attempt.get("answered_at")) != bool(call.answered_at):
        store, network = (
            "answered" if each else "not answered" for each in (attempt.get("answered_at"), call.answered_at)
        )
        found.append(f"{name}: {store} according to the store, {network} according to the network")
    return found


def _instant(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    found = datetime.fromisoformat(str(value))
    if found.tzinfo is None:
        raise ValueError(f"an instant without an offset: {value}")
    return found
