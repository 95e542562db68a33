"""Walking a flow with one customer: pure, one input in, one step out.

Until the last four digits of the telephone number were right, the conversation holds no debt at all (see
``account_view``); what it says is looked at once more by the guard.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from ari_app.dialogue import spoken
from ari_app.dialogue.account_view import (
    OpeningView,
    Promised,
    SealedAccount,
    VerifiedView,
    opening_view,
)
from ari_app.dialogue.advice import Doubt, FreeQuestion
from ari_app.dialogue.completeness import YES_NO, progress
from ari_app.dialogue.dispute_answers import DESCRIBED, DESCRIPTION, read_note
from ari_app.dialogue.flow import Ask, End, Flow, KeyMeaning, Move, Prompt, Retry, Sentence, State
from ari_app.dialogue.flow_arms import in_arms
from ari_app.dialogue.flow_conditions import Condition, account_condition
from ari_app.dialogue.flow_findings import NOTICE, Findings, meanings_of
from ari_app.dialogue.flow_offers import take_offer, without
from ari_app.dialogue.flow_script_check import required_of
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
from ari_app.dialogue.suspension import SUSPENSION_CONDITIONS, suspension_condition
from ari_app.dialogue.understanding import FINER, MAX_CHARACTERS, understand
from ari_app.domain.account import Account
from ari_app.domain.answer_progress import AnswerProgress
from ari_app.domain.call_result import ConversationResult, PlanKind, PlanRequest, PromiseToPay
from ari_app.domain.compliance import zone_of
from ari_app.domain.experiment import NO_ARMS, Arms
from ari_app.domain.plan import InstalmentTerms
from ari_app.domain.script_coverage import in_order

#: "Press one" answered with the word.
_SPOKEN_KEYS: dict[str, str] = {
    spoken.integer(digit, language): str(digit) for digit in range(10) for language in spoken.LANGUAGES
} | {str(digit): str(digit) for digit in range(10)}

#: Who tells what happened thinks between two sentences, and takes his time.
_OWN_WORDS_PAUSE_S, _OWN_WORDS_S = 1.6, 60.0

SILENCE = Understanding("silence_noise")
NOT_UNDERSTOOD = Understanding("unclear", confidence=0.0)


class FlowConversation:
    """One conversation of one flow (the ``Dialogue`` of ports). ``breaches`` counts what the guard stopped."""

    def __init__(
        self,
        flow: Flow,
        account: Account,
        company: str,
        tally: GuardTally | None = None,
        arms: Arms = NO_ARMS,
    ) -> None:
        """:param tally: counts the breaches of all conversations.
        :param arms: what the customer has of the flow's experiments.
        """
        self.breaches = 0
        self._tally = tally or GuardTally()
        self._flow = flow = in_arms(flow, arms)
        self._account_zone = zone_of(account.timezone) or UTC
        self._view: OpeningView | VerifiedView = opening_view(account, company)
        self._language = account.language
        self._names = (self._view.name, self._view.company)
        self._sealed = SealedAccount(account, self._view)
        self._state = flow.states[flow.start]
        self._asked_at = datetime(1970, 1, 1, tzinfo=UTC)  # until it starts
        self._tries: dict[str, int] = {}
        self._promised = Promised()
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
        self._take(heard, given, now)
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
        if ask.note == DESCRIPTION and text.strip():
            return AnswerProgress.OPEN  # nobody but the customer knows when he has told it all
        if self._spoken_key(text, ask) is not None and ask.context in YES_NO:
            return AnswerProgress.COMPLETE
        local = self._local(self._asked_at)
        return progress(text, ask.context, self._language, local, over_prompt=over_prompt)

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
        read = second_reading(
            given.opinion, doubt.text, doubt.meanings, self._language, ask.context, self._local(now)
        )
        return heard if read is None else self._less_sure(read, given)

    def _less_sure(self, heard: Understanding, given: CustomerInput) -> Understanding:
        """As sure as the recogniser was of the words, and the sum that "all of it" is."""
        heard = replace(heard, confidence=round(heard.confidence * min(1.0, max(0.0, given.confidence)), 3))
        if heard.full_amount and heard.amount is None and isinstance(self._view, VerifiedView):
            heard = replace(heard, amounts=(self._view.amount_due,))
        return heard

    def _by_rules(self, given: CustomerInput, ask: Ask, now: datetime) -> Understanding:
        if given.kind is InputKind.SILENCE:
            return SILENCE
        if given.kind is InputKind.KEYS:
            return self._keyed(given.text, ask, now)
        if not given.confidence >= self._flow.min_confidence or not given.text.strip():
            return NOT_UNDERSTOOD
        key = self._spoken_key(given.text, ask)
        if key is not None:
            return self._key_meaning(ask.keys[key], now)
        heard = understand(given.text, self._language, ask.context, self._local(now))
        heard = self._less_sure(heard, given)
        return read_note(ask.note, heard, given, self._language) if ask.note else heard

    def _own_words(self, given: CustomerInput, ask: Ask, heard: Understanding, now: datetime) -> FlowStep:
        """An answer in the customer's own words: kept where the recogniser is sure of it, and accepted in any case."""
        if given.confidence >= self._flow.min_confidence and self.verified:
            self._findings.describe(given.text)
        for move in ask.on.get(DESCRIBED, ()):
            if self._holds(move, heard, given, now):
                return self._go(move, now, heard)
        return self._miss(ask.no_match, now, silent=False, heard=heard)

    def _spoken_key(self, text: str, ask: Ask) -> str | None:
        """The key that somebody names ("press one"), where it means something at this question."""
        key = _SPOKEN_KEYS.get(text.strip(" .,。，").lower().removeprefix("press ").removeprefix("按"))
        return key if key is not None and key in ask.keys and ask.digits != "phone_tail" else None

    def _keyed(self, text: str, ask: Ask, now: datetime) -> Understanding:
        text = text.strip().removesuffix(ask.key_input.terminator)
        if text in ask.keys:
            return self._key_meaning(ask.keys[text], now)
        if ask.digits == "phone_tail" and len(text) == 4 and text.isascii() and text.isdigit():
            return Understanding("identity_confirm", phone_tail=text)
        if ask.digits == "amount":
            amount = _keyed_amount(text)
            if amount is not None:
                return Understanding("promise_to_pay", amounts=(amount,))
        return NOT_UNDERSTOOD

    def _key_meaning(self, key: KeyMeaning, now: datetime) -> Understanding:
        share = self._share(key.amount)
        return Understanding(
            FINER.get(key.intent, key.intent),
            finer=key.intent if key.intent in FINER else "",
            dates=() if key.days is None else (self._today(now) + timedelta(days=key.days),),
            amounts=() if share is None else (share,),
            periods=(key.periods,) if key.periods else (),
            dispute_category=key.category,
            channels=(key.channel,) if key.channel else (),
            reason=key.reason,
            evidence=(key.evidence,) if key.evidence else (),
            full_amount=key.amount == "full",
        )

    def _share(self, share: str) -> Decimal | None:
        if not share or not isinstance(self._view, VerifiedView):
            return None
        return self._view.amount_due if share == "full" else self._view.half()

    def _take(self, heard: Understanding, given: CustomerInput, now: datetime) -> None:
        """Remember what was offered, as far as it can be accepted."""
        self._noted = frozenset()
        if not isinstance(self._view, VerifiedView):
            return
        meanings = meanings_of(heard)
        taken = take_offer(
            self._promised, heard, meanings, self._view.amount_due, self._flow.policy, self._today(now)
        )
        self._promised, self._noted = taken.promised, taken.noted
        if taken.promised_anything:
            self._confidence = min(self._confidence, heard.confidence)

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
            case _ if isinstance(self._view, VerifiedView):
                return self._is_of_the_debt(name, self._view, self._local(now))
            case _:
                return False

    def _is_of_the_debt(self, name: str, view: VerifiedView, now: datetime) -> bool:
        """Whether a condition about the account, or about what a verified customer said and offered, holds.

        ``now`` is local to the customer.
        """
        found, promised, policy, today = self._findings, self._promised, self._flow.policy, now.date()
        if name in SUSPENSION_CONDITIONS:
            return bool(suspension_condition(name, view.details, promised.date, now))
        if name.startswith("reason."):
            return name.removeprefix("reason.") in found.reasons
        if name.startswith("category."):
            return name.removeprefix("category.") == found.category
        match name:
            case "has_date":
                return promised.date is not None
            case "has_amount":
                return promised.amount is not None
            case "part_only":
                return promised.amount is not None and promised.amount < view.amount_due
            case "has_periods":
                return self._plan(today) is not None
            case "has_deferral":
                return promised.deferral is not None
            case "can_instalment":
                return bool(policy.offers(view.amount_due, today))
            case "can_defer":
                return policy.latest_deferral_days > 0
            case "has_channel":
                return bool(found.channel)
            case "has_category":
                return bool(found.category)
            case "has_evidence":
                return bool(found.evidence)
            case "has_emergency_phone":
                return bool(policy.emergency_phone)
            case "has_reason":
                return bool(found.reasons)
            case _:
                return name in self._noted or account_condition(name, view, today, upset=found.upset)

    # ------------------------------------------------------------------------------------------------ steps

    def _go(self, move: Move, now: datetime, heard: Understanding | None) -> FlowStep:
        said = self._speak(move.say, now)
        if move.forget:
            self._promised = without(self._promised, move.forget)
            self._confidence = 1.0
        again = not move.go
        return self._enter(move.go or self._state.name, now, said, again=again, silent=False, heard=heard)

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
    ) -> FlowStep:
        """Go to a state and on, until something is asked or the call ends. Ends: the reader refuses silent circles."""
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
            in_short = ask is not None and again and bool(ask.again)
            said = said + self._speak(ask.again if ask is not None and in_short else state.say, now)
            for element in sorted(state.covers):
                self._cover(element)
                if not in_short:
                    covers.append(element)
            if ask is not None:
                self._tries[name] = self._tries.get(name, 0) + 1
                question = self._question(state, ask, first=self._tries[name] == 1)
                say, covered = self._checked(said, covers, now)
                return FlowStep(say, question, heard=heard, covers=covered, filler=self._filler(now))
            if state.end is not None:
                self._ended = self._result(state.end.result, now, state.end)
                say, covered = self._checked(said, covers, now)
                return FlowStep(
                    say, result=self._ended, heard=heard, covers=covered, filler=self._filler(now)
                )
            move = next(move for move in state.next if self._holds(move, heard or NOT_UNDERSTOOD, None, now))
            said = said + self._speak(move.say, now)
            name, again = move.go, False

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
        found = self._findings
        return ConversationResult(
            result=result,
            verified=self.verified,
            promises=self._promises() if result == "promise_to_pay" else (),
            plan=self._plan_request(result, now),
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

    def _plan(self, today: date) -> InstalmentTerms | None:
        """The plan that has been chosen, worked out."""
        if not isinstance(self._view, VerifiedView):
            return None
        return self._flow.policy.offer(self._promised.periods, self._view.amount_due, today)

    def _plan_request(self, result: str, now: datetime) -> PlanRequest | None:
        view, until = self._view, self._promised.deferral
        if not isinstance(view, VerifiedView):
            return None
        if result == "deferral_requested" and until is not None:
            return PlanRequest(PlanKind.DEFERRAL, view.currency, until=until, confidence=self._confidence)
        terms = self._plan(self._today(now)) if result == "plan_requested" else None
        return None if terms is None else terms.request(view.currency, self._confidence)

    def _promises(self) -> tuple[PromiseToPay, ...]:
        view, promised = self._view, self._promised
        if not isinstance(view, VerifiedView) or promised.date is None or promised.amount is None:
            return ()
        promise = PromiseToPay(
            amount=promised.amount,
            date=promised.date.isoformat(),
            currency=view.currency,
            channel=self._findings.channel,
            confidence=self._confidence,
        )
        return (promise,)

    # ------------------------------------------------------------------------------------------------ words

    def _speak(self, prompt: Prompt, now: datetime) -> list[Fragment]:
        fragments: list[Fragment] = []
        for sentence in self._wording(prompt, now):
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


def _keyed_amount(text: str) -> Decimal | None:
    """An amount keyed on the telephone, the star as decimal point: 568*32."""
    whole, star, part = text.partition("*")
    if not (whole.isascii() and whole.isdigit()) or len(whole) > 8:
        return None
    if star and not (part.isascii() and part.isdigit() and len(part) <= 2):
        return None
    return Decimal(f"{whole}.{part or 0}")
