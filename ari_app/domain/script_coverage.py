"""What of the script a call has spoken: its evidence, and how complete it is (requirements D19, E31, K2)."""

from __future__ import annotations

from dataclasses import dataclass

from ari_app.domain.call_result import ConversationResult

#: The elements of a script, in the order in which a call comes to them.
ELEMENTS: tuple[str, ...] = (
    "opening",
    "recording_notice",
    "verified",
    "arrears_fact",
    "deadline",
    "guidance",
    "consequence",
    "read_back",
    "receipt",
    "statement",
    "closing",
)

#: What a recording must hold to be evidence: who was spoken to, what is owed, and until when (requirement K2).
EVIDENCE: tuple[str, ...] = ("verified", "arrears_fact", "deadline")

#: What a call to a verified customer says where its flow does not tell otherwise.
USUAL: tuple[str, ...] = (
    "opening",
    "recording_notice",
    "verified",
    "arrears_fact",
    "deadline",
    "guidance",
    "statement",
)

#: All that may be said to somebody who has not been verified.
BEFORE_VERIFICATION: frozenset[str] = frozenset({"opening", "recording_notice"})

#: Results that were read back before they counted: the receipt of requirement E31.
READ_BACK: frozenset[str] = frozenset({"promise_to_pay", "plan_requested", "deferral_requested"})


@dataclass(frozen=True, slots=True)
class Completeness:
    """What a call had to say, and what of it is missing, both in the order of the script."""

    wanted: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def score(self) -> int:
        """The share that was said, in per cent, rounded down: only a complete call has 100."""
        return 100 * (len(self.wanted) - len(self.missing)) // len(self.wanted)


def completeness(result: ConversationResult) -> Completeness | None:
    """How complete the script of a call is; None where nobody was talked to.

    A verified customer is told everything that the flow requires, and has read back to him what he agreed to. Whoever
    was not verified is only greeted and told of the recording: more must not be said to him.
    """
    spoken = frozenset(result.coverage)
    if not spoken and not result.cut_short:
        return None
    wanted = set(result.required or USUAL)
    if result.verified:
        wanted |= {"verified"} | ({"read_back"} if result.result in READ_BACK else set())
    else:
        wanted = wanted & BEFORE_VERIFICATION or set(BEFORE_VERIFICATION)
    return Completeness(in_order(wanted), in_order(wanted - spoken))


def evidence_missing(result: ConversationResult) -> tuple[str, ...]:
    """What a recording of this call lacks to be evidence; empty: it is."""
    return tuple(element for element in EVIDENCE if element not in result.coverage)


def spoken_to_the_end(result: ConversationResult, heard_out: frozenset[str]) -> tuple[str, ...]:
    """The coverage of a result as far as the customer heard it out; that he was verified is a fact of its own."""
    return tuple(element for element in result.coverage if element == "verified" or element in heard_out)


def in_order(elements: frozenset[str] | set[str]) -> tuple[str, ...]:
    """Elements in the order of the script; those that it does not know stand last."""
    known = tuple(element for element in ELEMENTS if element in elements)
    return known + tuple(sorted(elements - set(ELEMENTS)))
