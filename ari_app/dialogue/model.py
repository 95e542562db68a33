"""The words between the dialogue and the rest: what was heard, what to say, what to ask, how it ended."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from ari_app.dialogue.advice import Opinion
from ari_app.domain.call_result import ConversationResult


class InputKind(StrEnum):
    """How the customer answered a question."""

    SPEECH = "speech"
    KEYS = "keys"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class CustomerInput:
    """One answer. ``text`` is a transcript for speech, the digits (with ``*`` and ``#``) for keys, empty for silence.

    ``confidence`` is 0 to 1; ``engine`` names the recogniser. ``opinion`` is what a language model makes of it, where one
    was asked.
    """

    kind: InputKind
    text: str = field(default="", repr=False)
    confidence: float = 1.0
    engine: str = ""
    opinion: Opinion | None = None


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a prompt that is rendered and cached on its own.

    ``text`` is what is spoken, in ``language`` (``zh`` or ``en``). ``personal`` marks fragments with a name, an amount
    or digits of an account, which an online voice does not get unless the configuration says so. ``prompt_id`` names
    a recorded prompt that overrides the voice.

    ``pieces`` say the same as a personal text in words that are the same for everybody (``number_pieces``), for voices that
    may not have the text itself. ``local``: the rest of its sentence is for voices of this machine only, so this is too
    where there is one; no sentence changes its voice. ``ends``: the last fragment of its sentence.
    """

    text: str = field(repr=False)
    language: str
    personal: bool = False
    prompt_id: str = ""
    pieces: tuple[str, ...] = field(default=(), repr=False)
    local: bool = False
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a recogniser may hear at one question.

    ``jsgf`` is a complete JSGF grammar (for recognisers that take one; ASCII lower-case words, may be empty);
    ``hot_words`` are boosted by the others. ``name`` is unique per grammar text.
    """

    name: str
    language: str
    jsgf: str = ""
    hot_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyInput:
    """How digits are collected: done at ``max_digits``, at ``terminator``, or ``inter_digit_s`` after the last one."""

    min_digits: int = 1
    max_digits: int = 1
    terminator: str = "#"
    inter_digit_s: float = 3.0


@dataclass(frozen=True, slots=True)
class Question:
    """What is awaited after the prompt.

    ``context`` is one of the question contexts (opening, verify_tail, inform, ask_when, ask_amount, ask_plan,
    confirm_ptp, dispute_describe, closing). ``no_input_s`` is counted from the end of the prompt. ``endpoint_s`` is the
    silence after speech that ends an utterance. ``barge_in`` is False for notices that must be heard out.
    """

    context: str
    keys: KeyInput = KeyInput()
    grammar: Grammar | None = None
    no_input_s: float = 5.0
    endpoint_s: float = 0.6
    max_speech_s: float = 15.0
    barge_in: bool = True


@dataclass(frozen=True, slots=True)
class Understanding:
    """What an utterance means: one primary intent, others, slots, confidence 0 to 1.

    ``finer`` is a more exact meaning than the intent where there is one (``understanding.FINER``: deceased, minor,
    recording_refused, repeat, switch_language ...). Slots with several values are in spoken order. ``times`` are for
    callbacks; ``evidence`` what can be sent with a dispute (``dispute_answers.EVIDENCE``); ``reason`` is why somebody
    cannot or will not pay (``understanding.REASONS``); ``currency`` the ISO 4217 code of a currency that was named.
    ``full_amount``: the whole amount was named without a figure ("all of it"), which only the flow can turn into one.
    ``rest``: "the rest" was named, after so many of the days (None: it was not); what that is only the flow knows, too.
    ``language`` is the ISO 639 code of the one that is asked for with ``switch_language``, '' where none was named.
    ``unclear_date``: a date was named that nobody can be sure of. ``upset``: the wording shows anger or resistance.
    ``advised``: a language model chose the meaning, because the rules were not sure.
    """

    intent: str
    also: tuple[str, ...] = ()
    finer: str = ""
    amounts: tuple[Decimal, ...] = ()
    dates: tuple[dt.date, ...] = ()
    times: tuple[dt.time, ...] = ()
    channels: tuple[str, ...] = ()
    periods: tuple[int, ...] = ()
    dispute_category: str = ""
    evidence: tuple[str, ...] = ()
    phone_tail: str | None = None
    reason: str = ""
    language: str = ""
    currency: str = ""
    full_amount: bool = False
    rest: int | None = None
    unclear_date: bool = False
    upset: bool = False
    advised: bool = False
    confidence: float = 1.0

    @property
    def amount(self) -> Decimal | None:
        """The first amount."""
        return self.amounts[0] if self.amounts else None

    @property
    def date(self) -> dt.date | None:
        """The first date."""
        return self.dates[0] if self.dates else None

    @property
    def channel(self) -> str:
        """The first channel; '' when none was named."""
        return self.channels[0] if self.channels else ""


@dataclass(frozen=True, slots=True)
class FlowStep:
    """What to do next: say ``say``, then ask ``question``; or, where ``result`` is set, say it and end the call.

    ``heard`` is the flow's reading of the last input, for the transcript. ``covers`` is what of the script ``say``
    says in full (see ``ConversationResult.coverage``). ``filler`` is said when the answer takes a moment to recognise.
    The first ``improvised`` fragments answer a free question; the rest makes sense without them.
    ``language`` is that in which the conversation goes on; '' where it does not say.
    """

    say: tuple[Fragment, ...]
    question: Question | None = None
    result: ConversationResult | None = None
    heard: Understanding | None = None
    covers: tuple[str, ...] = ()
    filler: tuple[Fragment, ...] = ()
    improvised: int = 0
    language: str = ""
