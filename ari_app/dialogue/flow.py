"""A flow: the graph that an operator wrote, checked. Reading it is the work of ``flow_reader``, walking it that of
``flow_conversation``.

A state says something and then asks (``ask``), goes on (``next``) or ends the call (``end``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ari_app.dialogue.flow_conditions import Condition, Fact
from ari_app.dialogue.flow_policy import USUAL_POLICY, Policy
from ari_app.dialogue.model import KeyInput
from ari_app.domain.experiment import NO_ARMS, Arms, Experiment

_VERIFIED = frozenset({Fact.VERIFIED})

#: Variables of prompts, and the facts without which they have no value.
VARIABLES: dict[str, frozenset[Fact]] = {
    "company": frozenset(),
    "name": frozenset(),
    "amount": _VERIFIED,
    "due_date": _VERIFIED,
    "days_overdue": _VERIFIED,
    "phone_tail": _VERIFIED,
    "latest_date": _VERIFIED,
    "ptp_date": frozenset({Fact.VERIFIED, Fact.DATE}),
    "ptp_amount": frozenset({Fact.VERIFIED, Fact.AMOUNT}),
    "ptp_all": frozenset({Fact.VERIFIED, Fact.DATE, Fact.AMOUNT}),
    "rest": _VERIFIED,
    "plan_options": _VERIFIED,
    "plan_periods": frozenset({Fact.VERIFIED, Fact.PERIODS}),
    "plan_monthly": frozenset({Fact.VERIFIED, Fact.PERIODS}),
    "plan_fee": frozenset({Fact.VERIFIED, Fact.PERIODS}),
    "plan_total": frozenset({Fact.VERIFIED, Fact.PERIODS}),
    "plan_first_date": frozenset({Fact.VERIFIED, Fact.PERIODS}),
    "deferral_date": frozenset({Fact.VERIFIED, Fact.DEFERRAL}),
    "latest_deferral_date": _VERIFIED,
    "payment_methods": _VERIFIED,
    "dispute_days": _VERIFIED,
    "restore_hours": _VERIFIED,
    "service": _VERIFIED,
    "fees": _VERIFIED,
    "late_fee": _VERIFIED,
    "suspension_date": _VERIFIED,
    "suspension_time": _VERIFIED,
    "emergency_phone": _VERIFIED,
}


#: Results of a conversation, and whether only a verified customer can have given them.
RESULTS: dict[str, bool] = {
    "promise_to_pay": True,
    "already_paid": True,
    "disputed": True,
    "refused": True,
    "informed": True,
    "acknowledged": True,
    "plan_requested": True,
    "deferral_requested": True,
    "hardship": True,
    "link_requested": True,
    "restore_requested": True,
    "request_human": False,
    "callback": False,
    "stop_calling": False,
    "recording_refused": False,
    "wrong_person": False,
    "third_party": False,
    "distress": False,
    "deceased": False,
    "minor": False,
    "complaint": False,
    "abusive": False,
    "language_wanted": False,
    "abandoned": False,
    "not_verified": False,
    "no_input": False,
    "hung_up": False,
}

#: Why a person is wanted (requirement A11).
TRANSFER_REASONS: tuple[str, ...] = (
    "request",
    "distress",
    "hardship",
    "complaint",
    "dispute",
    "plan_approval",
    "abusive",
    "not_understood",
    "recording_refused",
    "minor",
    "deceased",
    "high_amount",
    "language",
    "special_needs",
    "restore",
)
#: Messages that a call may ask for.
MESSAGES: tuple[str, ...] = (
    "payment_link",
    "amount_and_link",
    "plan_form",
    "dispute_form",
    "restore_steps",
    "callback_note",
)

COVERAGE: frozenset[str] = frozenset(
    {
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
    }
)

#: A conversation changes its language so often at most.
MOST_SWITCHES = 2


@dataclass(frozen=True, slots=True)
class Text:
    """Words of a sentence that are always the same."""

    text: str
    prompt_id: str


@dataclass(frozen=True, slots=True)
class Variable:
    """A place in a sentence that is filled at the call."""

    name: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a prompt; ``line`` where it stands. ``language`` is set where it is not that of its wording."""

    parts: tuple[Text | Variable, ...]
    line: int
    language: str = ""

    @property
    def variables(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts if isinstance(part, Variable))

    @property
    def wording(self) -> str:
        """The words that are always the same."""
        return " ".join(part.text for part in self.parts if isinstance(part, Text))


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to say something: sentences by language, and the conditions under which it is the one."""

    sentences: Mapping[str, tuple[Sentence, ...]]
    when: tuple[Condition, ...] = ()
    line: int = 0


Prompt = tuple[Wording, ...]
"""The first wording whose conditions hold is said; the last has none. Empty: say nothing."""

FILLER: Prompt = (
    Wording(
        {
            language: (Sentence((Text(words, "filler"),), 0),)
            for language, words in (("zh", "请稍等。"), ("en", "One moment, please."))
        }
    ),
)
"""Said when an answer takes a moment to recognise, where a flow has no words of its own for it."""


def sentences_in(prompt: Prompt, language: str) -> Iterator[Sentence]:
    """Every sentence of a prompt in a language, of all its wordings."""
    for wording in prompt:
        yield from wording.sentences.get(language, ())


@dataclass(frozen=True, slots=True)
class Move:
    """What follows: ``go`` to a state, or ask the same question again where ``go`` is ''; ``switch``: in the
    language that the customer asks for; ``keep``: the promise is settled, and another one may follow."""

    go: str
    line: int
    say: Prompt = ()
    when: tuple[Condition, ...] = ()
    forget: frozenset[Fact] = frozenset()
    switch: bool = False
    keep: bool = False

    @property
    def gives(self) -> frozenset[Fact]:
        """What is certain once the conditions hold."""
        return frozenset[Fact]().union(*(condition.gives for condition in self.when))

    @property
    def leaves(self) -> tuple[frozenset[Fact], frozenset[Fact]]:
        """What is certain after it besides what was, and what is not any more."""
        if not self.keep:
            return self.gives, self.forget
        return self.gives | {Fact.KEPT}, self.forget | {Fact.DATE, Fact.AMOUNT}


@dataclass(frozen=True, slots=True)
class KeyMeaning:
    """What a key means: an intent, with a date (days from today) or an amount ('full', 'half')."""

    intent: str
    days: int | None = None
    amount: str = ""
    periods: int = 0
    category: str = ""
    channel: str = ""
    reason: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """What happens without a usable answer: say this and ask again; the ``times``-th time go ``then``."""

    say: Prompt
    then: str
    line: int
    times: int = 2


@dataclass(frozen=True, slots=True)
class Ask:
    """A question. ``max_tries`` bounds how often it is asked in one conversation, whatever the way to it; ``note`` is what
    it asks for in particular (``answer_notes.NOTES``). ``answers_questions``: a language model, where there is one, may
    answer what a verified customer asks instead.
    """

    context: str
    on: Mapping[str, tuple[Move, ...]]
    no_input: Retry
    no_match: Retry
    keys: Mapping[str, KeyMeaning] = field(default_factory=dict)
    digits: str = ""
    key_input: KeyInput = field(default_factory=KeyInput)
    hear: tuple[str, ...] = ()
    again: Prompt = ()
    max_tries: int = 2
    no_input_s: float = 5.0
    barge_in: bool = True
    note: str = ""
    answers_questions: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """The end of the conversation. ``transfer`` is why a person is wanted, ``message`` the message to be sent; ``kept``:
    only promises that a move with ``keep`` has settled count."""

    result: str
    do_not_contact: bool = False
    transfer: str = ""
    message: str = ""
    kept: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """One state; exactly one of ``ask``, ``next`` and ``end`` is set. ``part`` names the part that it comes from."""

    name: str
    line: int
    say: Prompt
    covers: frozenset[str] = frozenset()
    hung_up: str = "hung_up"
    next: tuple[Move, ...] = ()
    ask: Ask | None = None
    end: End | None = None
    part: str = ""

    def moves(self) -> Iterator[Move]:
        """Every move out of this state that has conditions or words of its own."""
        yield from self.next
        if self.ask is not None:
            for moves in self.ask.on.values():
                yield from moves

    def targets(self) -> Iterator[tuple[str, int]]:
        """Every state that may follow, and the line that says so."""
        yield from ((move.go, move.line) for move in self.moves() if move.go)
        if self.ask is not None:
            yield from ((retry.then, retry.line) for retry in (self.ask.no_input, self.ask.no_match))

    def prompts(self) -> Iterator[Prompt]:
        """Everything that may be said in this state."""
        yield self.say
        for move in self.moves():
            yield move.say
        if self.ask is not None:
            yield from (self.ask.again, self.ask.no_input.say, self.ask.no_match.say)


@dataclass(frozen=True, slots=True)
class Flow:
    """A checked flow. ``policy``: what it may agree to; ``required``: script elements of every way to an end that is
    worth something (None: the usual ones); ``min_confidence``: speech of which
    the recogniser is less sure is not believed; ``filler``: said when an answer takes a moment to recognise;
    ``parts``: the parts that it is made of beside its own file, with their versions; ``experiments``: what some customers
    hear otherwise, in the states ``arm_states``; ``arms``: those to which it has been narrowed (``flow_arms.in_arms``)."""

    name: str
    file: str
    version: str
    languages: tuple[str, ...]
    start: str
    states: Mapping[str, State]
    policy: Policy = USUAL_POLICY
    min_confidence: float = 0.5
    filler: Prompt = FILLER
    required: tuple[str, ...] | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    experiments: tuple[Experiment, ...] = ()
    arm_states: frozenset[str] = frozenset()
    arms: Arms = NO_ARMS

    @property
    def wording(self) -> str:
        """Name and version of the file and of its parts, and the arms: which words were spoken."""
        files = [f"{name} {version}" for name, version in ((self.name, self.version), *self.parts.items())]
        return ", ".join([*files, *(f"{name}={arm}" for name, arm in self.arms)])

    def most_questions(self) -> int:
        """An upper bound for the questions of one conversation."""
        asked = sum(state.ask.max_tries for state in self.states.values() if state.ask is not None)
        switches = any(move.switch for state in self.states.values() for move in state.moves())
        return asked + (MOST_SWITCHES if switches else 0)
