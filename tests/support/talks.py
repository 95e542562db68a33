"""Conversations over the shipped flow, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from ari_app.dialogue.flow import Flow
from ari_app.dialogue.flow_conversation import FlowConversation
from ari_app.dialogue.model import CustomerInput, FlowStep, InputKind
from ari_app.domain.account import Account
from ari_app.services.flow_sources import read_flow_file

ROOT = Path(__file__).parents[2]
FLOW_FILE = ROOT / "dialplan" / "flows" / "reminder.yaml"
PART_FILE = FLOW_FILE.parent / "parts" / "common.yaml"
#: The text of every shipped part, for flows that are read from a text.
PARTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(PART_FILE.parent.glob("*.yaml"))}
COMPANY = {"zh": "云杉通信", "en": "Spruce Telecom"}
NAMES = {"zh": "张伟", "en": "Bill Smith"}

#: Wednesday 2026-03-11 10:30 in Shanghai.
NOW = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)
TAIL = "8000"


def asking_flows() -> list[Path]:
    """The files of the shipped flows in which something is asked; the others only say something and hang up."""
    files = sorted(FLOW_FILE.parent.glob("*.yaml"))
    return [path for path in files if any(state.ask for state in read_flow_file(path).states.values())]


def shipped_flow() -> Flow:
    return read_flow_file(FLOW_FILE)


def an_account(
    language: str = "zh",
    *,
    amount: str = "568.32",
    due: date = date(2026, 3, 1),
    name: str | None = None,
    timezone: str = "Asia/Shanghai",
) -> Account:
    return Account(
        customer_id="C1",
        account_id="A1",
        bill_id="B1",
        name=NAMES[language] if name is None else name,
        phone=f"+861380013{TAIL}",
        amount_due=Decimal(amount),
        due_date=due,
        language=language,
        timezone=timezone,
    )


def keys(text: str) -> CustomerInput:
    return CustomerInput(InputKind.KEYS, text)


def says(text: str, confidence: float = 0.9) -> CustomerInput:
    return CustomerInput(InputKind.SPEECH, text, confidence, "test")


SILENCE = CustomerInput(InputKind.SILENCE)


@dataclass(slots=True)
class Talk:
    """One conversation and everything that was said in it."""

    dialogue: FlowConversation
    now: datetime = NOW
    steps: list[FlowStep] = field(default_factory=list)

    @property
    def last(self) -> FlowStep:
        return self.steps[-1]

    @property
    def result(self) -> str | None:
        return self.last.result.result if self.last.result is not None else None

    @property
    def said(self) -> str:
        """The words of the last step."""
        return words(self.last)

    @property
    def context(self) -> str | None:
        return self.last.question.context if self.last.question is not None else None


def words(step: FlowStep) -> str:
    return " ".join(fragment.text for fragment in step.say)


def talk(flow: Flow, account: Account, *given: CustomerInput | str, now: datetime = NOW) -> Talk:
    """Begin and give these answers: a text of digits is keys, '' silence, anything else speech."""
    told = Talk(FlowConversation(flow, account, COMPANY[account.language], companies=COMPANY), now)
    told.steps.append(told.dialogue.start(now))
    for item in given:
        told.steps.append(told.dialogue.answer(as_input(item), now))
    return told


def as_input(item: CustomerInput | str) -> CustomerInput:
    if isinstance(item, CustomerInput):
        return item
    if not item:
        return SILENCE
    return keys(item) if set(item) <= set("0123456789*#") else says(item)
