"""A flow tried without a telephone: an account out of a few fields, answers as text, what the bot says and heard.

Used by ``ari-app flow talk`` (by hand) and ``ari-app flow test`` (by files).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ari_app.dialogue.flow import Flow
from ari_app.dialogue.flow_conversation import FlowConversation
from ari_app.dialogue.model import CustomerInput, FlowStep, InputKind, Understanding
from ari_app.domain.account import Account
from ari_app.domain.call_result import ConversationResult
from ari_app.domain.experiment import NO_ARMS, Arms
from ari_app.services.account_row import FieldFault, RowDefaults, read_row

SILENCE, HANGS_UP = "(silence)", "(hangs up)"

#: Who is called where a trial says nothing; the last four digits are 8000.
_ANYBODY: Mapping[str, str] = {
    "customerId": "c_trial",
    "accountId": "a_trial",
    "billId": "b_trial",
    "phone": "+8613800138000",
    "amountDue": "568.32",
}
_NAMES = {"zh": "张伟", "en": "Bill Smith"}
_OVERDUE_DAYS = 10


def trial_account(
    fields: Mapping[str, object], now: datetime, language: str = "zh"
) -> Account | list[FieldFault]:
    """The account of a trial: fields as in a list, the missing ones filled in. ``now`` (aware) is the time of the call."""
    row: dict[str, object] = {
        **_ANYBODY,
        "name": _NAMES.get(language, _NAMES["zh"]),
        "dueDate": (now.date() - timedelta(days=_OVERDUE_DAYS)).isoformat(),
        "language": language,
        **fields,
    }
    return read_row(row, RowDefaults(now=now))


@dataclass(slots=True)
class Exchange:
    """One step of a trial: what the customer did ('' at the start), what the bot made of it and what it said."""

    given: str
    step: FlowStep

    @property
    def heard(self) -> Understanding | None:
        """The reading of the answer; None at the start."""
        return self.step.heard

    @property
    def said(self) -> str:
        """The bot's words, in one line."""
        said = ""
        for fragment in self.step.say:
            said += fragment.text + ("" if fragment.language == "zh" and not fragment.ends else " ")
        return said.strip()


@dataclass(slots=True)
class Trial:
    """One conversation by text."""

    dialogue: FlowConversation
    now: datetime
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def result(self) -> ConversationResult | None:
        """How it ended; None while a question is open."""
        return self.exchanges[-1].step.result if self.exchanges else None

    def begin(self) -> Exchange:
        """The opening."""
        return self._note("", self.dialogue.start(self.now))

    def give(self, answer: str) -> Exchange:
        """The step after an answer: digits are keys, ``(silence)``, ``(hangs up)``, anything else is what he says."""
        if answer == HANGS_UP:
            return self._note(answer, self.dialogue.hung_up())
        return self._note(answer, self.dialogue.answer(customer_input(answer), self.now))

    def _note(self, given: str, step: FlowStep) -> Exchange:
        exchange = Exchange(given, step)
        self.exchanges.append(exchange)
        return exchange


def customer_input(answer: str) -> CustomerInput:
    """An answer as the conversation takes it."""
    answer = answer.strip()
    if not answer or answer == SILENCE:
        return CustomerInput(InputKind.SILENCE)
    if set(answer) <= set("0123456789*#"):
        return CustomerInput(InputKind.KEYS, answer)
    return CustomerInput(InputKind.SPEECH, answer, 1.0, "typed")


def try_flow(
    flow: Flow, account: Account, companies: Mapping[str, str], now: datetime, arms: Arms = NO_ARMS
) -> Trial:
    """A conversation of a flow with somebody who has these arms, not yet begun.

    ``companies``: how the caller introduces itself, by language.
    """
    company = companies[account.language]
    return Trial(FlowConversation(flow, account, company, arms=arms, companies=companies), now)
