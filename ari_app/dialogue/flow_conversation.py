"""Walking a flow with one customer: pure, one input in, one step out.

Until the last four digits of the telephone number were right, the conversation holds no debt at all (see
``account_view``); what it says is looked at once more by the guard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from ari_app.dialogue.account_view import (
    CENT,
    OpeningView,
    Promised,
    SealedAccount,
    VerifiedView,
    opening_view,
)
from ari_app.dialogue.advice import Doubt, FreeQuestion
from ari_app.dialogue.answer_notes import REST
from ari_app.dialogue.completeness import YES_NO, progress
from ari_app.dialogue.dispute_answers import DESCRIBED, DESCRIPTION
from ari_app.dialogue.flow import MOST_SWITCHES, Ask, End, Flow, Move, Prompt, Retry, Sentence, State
from ari_app.dialogue.flow_answers import NOT_UNDERSTOOD, SILENCE, less_sure, read_answer, spoken_key
from ari_app.dialogue.flow_arms import in_arms
from ari_app.dialogue.flow_conditions import Condition
from ari_app.dialogue.flow_findings import NOTICE, SWITCH, Findings, meanings_of
from ari_app.dialogue.flow_offers import at_read_back, keeping, take_offer, without
from ari_app.dialogue.flow_outcome import plan_of, promises_of
from ari_app.dialogue.flow_script_check import required_of
from ari_app.dialogue.flow_truths import debt_condition
from ari_app.dialogue.free_answer import checked_answer, facts_of
from ari_app.dialogue.grammar import grammar_for
from ari_app.dialogue.guard import Guard, GuardTally
from ari_app.dialogue.model import CustomerInput, FlowStep, Fragment, InputKind, Question, Understanding
from ari_app.dialogue.second_opinion import (
    NEVER_DOUBTED,
    open_meanings,
    second_reading,
    unsure,
    without_digits,
)
from ari_app.dialogue.sentence_fragments import sentence_fragments
from ari_app.dialogue.understanding import MAX_CHARACTERS
from ari_app.domain.account import Account
from ari_app.domain.answer_progress import AnswerProgress
from ari_app.domain.call_result import ConversationResult
from ari_app.domain.compliance import zone_of
from ari_app.domain.experiment import NO_ARMS, Arms
from ari_app.domain.script_coverage import in_order

#: Who tells what happened thinks between two sentences, and takes his time.
_OWN_WORDS_PAUSE_S, _OWN_WORDS_S = 1.6, 60.0


class FlowConversation:
    """One conversation of one flow (the ``Dialogue`` of ports). ``breaches`` counts what the guard stopped."""

    def __init__(
        self,
        flow: Flow,
        account: Account,
        company: str,
        tally: GuardTally | None = None,
        arms: Arms = NO_ARMS,
        companies: Mapping[str, str] | None = None,
    ) -> None:
        """:param tally: counts the breaches of all conversations.
        :param arms: what the customer has of the flow's experiments.
        :param companies: the company's name in each language in which the call may go on.
        """
        self.breaches = 0
        self._tally = tally or GuardTally()
        self._flow = flow = in_arms(flow, arms)
        self._account_zone = zone_of(account.timezone) or UTC
        self._view: OpeningView | VerifiedView = opening_view(account, company)
        self._language = account.language
        self._openings = {
            language: opening_view(account, name, language)
            for language, name in {**(companies or {}), account.language: company}.items()
            if language in flow.languages
        }
        self._switches = 0
        self._names = (self._view.name, self._view.company)
        self._sealed = SealedAccount(account, self._view)
        self._state = flow.states[flow.start]
        self._asked_at = datetime(1970, 1, 1, tzinfo=UTC)  # until it starts
        self._tries: dict[str, int] = {}
        self._promised = self._stood = Promised()
        self._confidence = 1.0
        self._noted: frozenset[str] = frozenset()
        self._missed: dict[tuple[str, bool], int] = {}
        self._coverage: list[str] = []
        self._findings = Findings(f"{flow.wording} {account.language}")
        self._ended: ConversationResult | None = None

    @property
    def verified(self) -> bool:
        """Whether the customer has given the right digits."""
        return isinstance(self._view, VerifiedView)

    @property
    def _legal(self) -> bool:
        return isinstance(self._view, VerifiedView) and self._view.details.legal_stage

    # ------------------------------------------------------------------------------------------------ ports.Dialogue

    def start(self, now: datetime) -> FlowStep:
        """The opening."""
        self._asked_at = now
        return self._enter(self._flow.start, now, [], again=False, silent=False)

    def answer(self, given: CustomerInput, now: datetime) -> FlowStep:
        """What follows an answer. After the end nothing is said any more, and the result stays."""
        self._asked_at = now
        ask = self._state.ask
        if self._ended is not None or ask is None:
            return FlowStep((), result=self._ended or self._result(self._state.hung_up, self._asked_at))
        if (said := self._improvised(given, now)) and (step := self._answered(said, now)) is not None:
            return step
        heard = self._understood(given, ask, now)
        if given.kind is InputKind.SILENCE:
            return self._miss(ask.no_input, now, silent=True, heard=SILENCE)
        notice_given = NOTICE in self._coverage
        self._findings.note(heard, given, verified=self.verified, notice_given=notice_given, now=now)
        heard = self._take(heard, ask, now)
        for meaning in meanings_of(heard):
            for move in ask.on.get(meaning, ()):
                if self._holds(move, heard, given, now):
                    return self._go(move, now, heard)
        if given.kind is InputKind.SPEECH and ask.note == DESCRIPTION:
            return self._own_words(given, ask, heard, now)
        return self._miss(ask.no_match, now, silent=False, heard=heard)

    def progress(self, text: str, *, over_prompt: bool = False) -> AnswerProgress:
        """How far an answer to the question now open has come with these words; changes nothing."""
        ask = self._state.ask
        if ask is None or self._ended is not None:
            return AnswerProgress.OPEN if text.strip() else AnswerProgress.NOTHING
        local = self._local(self._asked_at)
        said = progress(text, ask.context, self._language, local, over_prompt=over_prompt)
        if ask.note == DESCRIPTION and text.strip():
            listens = said in (AnswerProgress.BACK_CHANNEL, AnswerProgress.ASSENT)
            # Nobody but the customer knows when he has told it all.
            return AnswerProgress.BACK_CHANNEL if listens else AnswerProgress.OPEN
        if spoken_key(text, ask) is not None and ask.context in YES_NO:
            return AnswerProgress.COMPLETE
        return said

    def doubt(self, given: CustomerInput, now: datetime, below: float) -> Doubt | None:
        """What a language model may be asked about an answer of which the rules are less sure than ``below``."""
        ask = self._state.ask
        if ask is None or self._ended is not None or given.kind is not InputKind.SPEECH:
            return None
        heard = self._by_rules(given, ask, now)
        if heard is NOT_UNDERSTOOD or not unsure(heard, below):
            return None
        meanings = open_meanings(self._flow, self._state)
        text = given.text[:MAX_CHARACTERS] if self.verified else without_digits(given.text[:MAX_CHARACTERS])
        return Doubt(text, self._language, ask.context, meanings) if meanings else None

    def free_question(self, given: CustomerInput, now: datetime) -> FreeQuestion | None:
        """The facts of which an answer to a question of the customer's own may be made; None where none is given."""
        doubt, view = self.doubt(given, now, NEVER_DOUBTED), self._view
        if doubt is None or not doubt.may_ask or not isinstance(view, VerifiedView):
            return None
        return FreeQuestion(doubt.text, self._language, facts_of(view, self._flow.policy, self._today(now)))

    def hung_up(self) -> FlowStep:
        """The result so far."""
        if self._ended is None:
            self._ended = self._result(self._state.hung_up, self._asked_at)
        return FlowStep((), result=self._ended)

    # ------------------------------------------------------------------------------------------------ input

    def _understood(self, given: CustomerInput, ask: Ask, now: datetime) -> Understanding:
        heard = self._by_rules(given, ask, now)
        doubt = self.doubt(given, now, NEVER_DOUBTED) if given.opinion is not None else None
        if doubt is None or given.opinion is None:
            return heard
        local = self._local(now)
        read = second_reading(given.opinion, doubt.text, doubt.meanings, self._language, ask.context, local)
        return heard if read is None else less_sure(read, given, self._due)

    def _by_rules(self, given: CustomerInput, ask: Ask, now: datetime) -> Understanding:
        surest = self._flow.min_confidence
        return read_answer(given, ask, self._language, self._local(now), self._due, surest)

    def _own_words(self, given: CustomerInput, ask: Ask, heard: Understanding, now: datetime) -> FlowStep:
        """An answer in the customer's own words: kept where the recogniser is sure of it, and accepted in any case."""
        if given.confidence >= self._flow.min_confidence and self.verified:
            self._findings.describe(given.text)
        for move in ask.on.get(DESCRIBED, ()):
            if self._holds(move, heard, given, now):
                return self._go(move, now, heard)
        return self._miss(ask.no_match, now, silent=False, heard=heard)

    @property
    def _due(self) -> Decimal | None:
        """What may still be promised."""
        return self._promised.left(self._view.amount_due) if isinstance(self._view, VerifiedView) else None

    def _take(self, heard: Understanding, ask: Ask, now: datetime) -> Understanding:
        """Remember what was offered, as far as it can be accepted; the answer as it counts then."""
        self._noted = frozenset()
        if not isinstance(self._view, VerifiedView):
            return heard
        before, due, policy = self._promised, self._due or CENT, self._flow.policy
        self._stood = before
        if ask.context == "confirm_ptp":
            heard = at_read_back(heard, before)
        taken = take_offer(
            before, heard, meanings_of(heard), due, policy, self._today(now), further=ask.note == REST
        )
        self._promised, self._noted = taken.promised, taken.noted
        if taken.promised_anything:
            self._confidence = min(self._confidence, heard.confidence)
        return heard

    def _holds(self, move: Move, heard: Understanding, given: CustomerInput | None, now: datetime) -> bool:
        return all(self._condition(one, heard, given, now) for one in move.when)

    def _condition(
        self, condition: Condition, heard: Understanding, given: CustomerInput | None, now: datetime
    ) -> bool:
        return self._is(condition.name, heard, given, now) == condition.wanted

    def _is(self, name: str, heard: Understanding, given: CustomerInput | None, now: datetime) -> bool:
        """Whether a condition holds, whatever the contrary is worth: nothing of a debt is known before verification."""
        if name == "tail_matches":
            opened = self._sealed.open(heard.phone_tail)
            if opened is not None:
                self._view = opened
                self._cover("verified")
            return opened is not None
        found = self._findings
        match name:
            case "gave_tail":
                return heard.phone_tail is not None
            case "by_key":
                return given is not None and given.kind is InputKind.KEYS
            case "upset":
                return found.upset
            case "unclear_date":
                return heard.unclear_date
            case "has_callback":
                return found.callback is not None
            case "can_switch":
                return self._wished_language(heard) is not None
            case _ if isinstance(self._view, VerifiedView):
                return debt_condition(
                    name, self._view, found, self._promised, self._flow.policy, self._noted, self._local(now)
                )
            case _:
                return False

    # ------------------------------------------------------------------------------------------------ steps

    def _go(self, move: Move, now: datetime, heard: Understanding | None) -> FlowStep:
        in_full = move.switch and heard is not None and self._switch(heard)
        said = self._speak(move.say, now)
        if move.keep:
            self._promised = keeping(self._promised, self._stood)
        if move.forget:
            self._promised = without(self._promised, move.forget)
            self._confidence = 1.0
        again, target = not move.go, move.go or self._state.name
        return self._enter(target, now, said, again=again, in_full=in_full, silent=False, heard=heard)

    def _wished_language(self, heard: Understanding) -> str | None:
        """The language that the customer asks for, where the call can go on in it."""
        if heard.finer != SWITCH:
            return None
        if heard.language == self._language:
            return self._language
        others = [language for language in self._openings if language != self._language]
        wished = [language for language in others if heard.language in ("", language)]
        return wished[0] if len(wished) == 1 and self._switches < MOST_SWITCHES else None

    def _switch(self, heard: Understanding) -> bool:
        """Go on in the language that the customer asks for; whether that is another one."""
        language = self._wished_language(heard)
        if language is None or language == self._language:
            return False
        opening = self._openings[language]
        self._switches += 1
        self._language = language
        self._names = (opening.name, opening.company)
        self._sealed = self._sealed.reworded(opening)
        self._view = replace(self._view, opening=opening) if isinstance(self._view, VerifiedView) else opening
        self._findings.notice = f"{self._flow.wording} {language}"
        # A question that was not understood does not count.
        name = self._state.name
        self._tries[name] = max(0, self._tries.get(name, 0) - 1)
        self._missed.pop((name, True), None)
        self._missed.pop((name, False), None)
        return True

    def _improvised(self, given: CustomerInput, now: datetime) -> list[Fragment]:
        """The answer that a language model has written to a free question, as far as it may be spoken."""
        if given.opinion is None or not given.opinion.answer:
            return []
        question = self.free_question(given, now)
        if question is None:
            return []
        return list(checked_answer(given.opinion.answer, question.facts, self._language, legal=self._legal))

    def _answered(self, said: list[Fragment], now: datetime) -> FlowStep | None:
        """Say an answer and ask the same question again; None where it has been asked too often for that."""
        ask, name = self._state.ask, self._state.name
        if ask is None or self._tries.get(name, 0) >= ask.max_tries:
            return None
        self._noted = frozenset()
        heard = Understanding("unclear", advised=True, confidence=0.0)
        step = self._enter(name, now, said, again=True, silent=False, heard=heard)
        return replace(step, improvised=len(said) if step.say[: len(said)] == tuple(said) else 0)

    def _miss(self, retry: Retry, now: datetime, *, silent: bool, heard: Understanding) -> FlowStep:
        """No usable answer: ask again, or go on where that happened too often."""
        key = (self._state.name, silent)
        self._missed[key] = self._missed.get(key, 0) + 1
        if self._missed[key] >= retry.times:
            return self._enter(retry.then, now, [], again=False, silent=silent, heard=heard)
        said = self._speak(retry.say, now)
        return self._enter(self._state.name, now, said, again=True, silent=silent, heard=heard)

    def _enter(
        self,
        name: str,
        now: datetime,
        said: list[Fragment],
        *,
        again: bool,
        silent: bool,
        heard: Understanding | None = None,
        in_full: bool = False,
    ) -> FlowStep:
        """Go to a state and on, until something is asked or the call ends. Ends: the reader refuses silent circles.

        ``in_full``: a question that is asked again is not asked in short.
        """
        covers: list[str] = []
        while True:
            state = self._flow.states[name]
            self._state = state
            ask = state.ask
            if ask is not None and self._tries.get(name, 0) >= ask.max_tries:
                # The words that lead to another try are not said when there is none.
                said = [] if again else said
                name, again = ask.no_input.then if silent else ask.no_match.then, False
                continue
            in_short = ask is not None and again and not in_full and bool(ask.again)
            said = said + self._speak(ask.again if ask is not None and in_short else state.say, now)
            for element in sorted(state.covers):
                self._cover(element)
                if not in_short:
                    covers.append(element)
            if ask is not None:
                self._tries[name] = self._tries.get(name, 0) + 1
                question = self._question(state, ask, first=self._tries[name] == 1)
                say, covered = self._checked(said, covers, now)
                return self._step(say, covered, now, heard, question=question)
            if state.end is not None:
                self._ended = self._result(state.end.result, now, state.end)
                say, covered = self._checked(said, covers, now)
                return self._step(say, covered, now, heard, result=self._ended)
            move = next(move for move in state.next if self._holds(move, heard or NOT_UNDERSTOOD, None, now))
            said = said + self._speak(move.say, now)
            name, again = move.go, False

    def _step(
        self,
        say: tuple[Fragment, ...],
        covers: tuple[str, ...],
        now: datetime,
        heard: Understanding | None,
        *,
        question: Question | None = None,
        result: ConversationResult | None = None,
    ) -> FlowStep:
        filler = self._filler(now)
        return FlowStep(say, question, result, heard, covers, filler, language=self._language)

    def _question(self, state: State, ask: Ask, *, first: bool) -> Question:
        own_words = ask.note == DESCRIPTION
        return Question(
            endpoint_s=_OWN_WORDS_PAUSE_S if own_words else 0.6,
            max_speech_s=_OWN_WORDS_S if own_words else 15.0,
            context=ask.context,
            keys=ask.key_input,
            grammar=grammar_for(ask.context, self._language, ask.hear),
            no_input_s=ask.no_input_s,
            barge_in=ask.barge_in or not first,
        )

    def _result(self, result: str, now: datetime, end: End | None = None) -> ConversationResult:
        # Who hangs up while the rest is spoken of has promised what was settled before.
        kept_only = end.kept if end is not None else bool(self._promised.kept)
        found, view, promised, sure = self._findings, self._view, self._promised, self._confidence
        return ConversationResult(
            result=result,
            verified=self.verified,
            promises=promises_of(view, promised, found.channel, sure, kept_only=kept_only)
            if result == "promise_to_pay"
            else (),
            plan=plan_of(result, view, promised, self._flow.policy, self._today(now), sure),
            dispute=found.dispute(self._flow.policy.dispute_days) if result == "disputed" else None,
            callback=found.callback if result == "callback" else None,
            consent=found.consent,
            transfer_reason=end.transfer if end is not None else "",
            message=end.message if end is not None else "",
            intents=tuple(found.intents),
            reasons=tuple(found.reasons),
            coverage=tuple(self._coverage),
            variants=self._flow.arms,
            review=found.review(result),
            language=self._language,
            upset=found.upset,
            do_not_contact=end is not None and end.do_not_contact,
            required=in_order(required_of(self._flow)),
        )

    # ------------------------------------------------------------------------------------------------ words

    def _speak(self, prompt: Prompt, now: datetime) -> list[Fragment]:
        fragments: list[Fragment] = []
        for sentence in self._wording(prompt, now):
            if sentence.language and sentence.language not in self._openings:
                continue
            fragments += sentence_fragments(
                sentence,
                self._view,
                self._promised,
                today=self._today(now),
                latest=self._latest(now),
                policy=self._flow.policy,
            )
        return fragments

    def _wording(self, prompt: Prompt, now: datetime) -> tuple[Sentence, ...]:
        """The sentences of the first wording whose conditions hold."""
        for wording in prompt:
            if all(self._condition(one, NOT_UNDERSTOOD, None, now) for one in wording.when):
                return wording.sentences.get(self._language, ())
        return ()

    def _checked(
        self, said: list[Fragment], covers: list[str], now: datetime
    ) -> tuple[tuple[Fragment, ...], tuple[str, ...]]:
        """What may be said of it, and what of the script that covers: nothing when the guard has replaced it."""
        secrets = () if self.verified else self._sealed.secrets(self._today(now))
        checked = Guard(self._language, secrets, self._names, legal=self._legal).check(
            said, verified=self.verified
        )
        if checked.breach is not None:
            self.breaches += 1
            self._tally.note(checked.breach)
        return checked.say, () if checked.breach else tuple(covers)

    def _filler(self, now: datetime) -> tuple[Fragment, ...]:
        """What may be said while the next answer is recognised."""
        return self._checked(self._speak(self._flow.filler, now), [], now)[0]

    def _cover(self, element: str) -> None:
        if element not in self._coverage:
            self._coverage.append(element)

    # ------------------------------------------------------------------------------------------------ time

    def _local(self, now: datetime) -> datetime:
        return now.astimezone(self._account_zone)

    def _today(self, now: datetime) -> date:
        return self._local(now).date()

    def _latest(self, now: datetime) -> date:
        return self._flow.policy.latest(self._today(now))
