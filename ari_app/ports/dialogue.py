"""Conversations, and the flows that operators wrote."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ari_app.dialogue.advice import Doubt, FreeQuestion
from ari_app.dialogue.model import CustomerInput, FlowStep, Fragment
from ari_app.domain.account import Account
from ari_app.domain.answer_progress import AnswerProgress
from ari_app.domain.experiment import NO_ARMS, Arms, Experiment


class Dialogue(Protocol):
    """One conversation of one flow; pure inside."""

    def start(self, now: datetime) -> FlowStep: ...

    def answer(self, given: CustomerInput, now: datetime) -> FlowStep: ...

    def progress(self, text: str, *, over_prompt: bool = False) -> AnswerProgress:
        """How far an answer to the question now open has come with these words; changes nothing.

        ``over_prompt``: they were said while the prompt was still playing, so that "okay" may mean only "I listen".
        """
        ...

    def doubt(self, given: CustomerInput, now: datetime, below: float) -> Doubt | None:
        """What a language model may be asked about an answer before it is given; None: the rules are sure enough.

        ``below``: confidence 0 to 1 under which they are not. Changes nothing.
        """
        ...

    def free_question(self, given: CustomerInput, now: datetime) -> FreeQuestion | None:
        """What may be said to a question of the customer's own; None where the flow answers none. Changes nothing."""
        ...

    def hung_up(self) -> FlowStep:
        """The customer hung up: the result so far (its ``result`` is set)."""
        ...


class Flows(Protocol):
    """The flows that operators wrote, as last read without error."""

    def experiments(self, name: str) -> tuple[Experiment, ...]:
        """The experiments of a flow; raises ConfigError for an unknown one."""
        ...

    def open(self, name: str, account: Account, arms: Arms = NO_ARMS) -> Dialogue:
        """Begin a conversation with a customer who has these arms; raises ConfigError for an unknown flow or language."""
        ...

    def prompts(
        self, name: str, account: Account, now: datetime, arms: Arms | None = None
    ) -> tuple[Fragment, ...]:
        """Every fragment that a call to this account may need in its language and that is known before dialling; of every
        arm where it is not known which ones he has (None)."""
        ...

    def other_prompts(self, name: str, account: Account, now: datetime) -> tuple[Fragment, ...]:
        """What a call to this account may say in the flow's other languages and is the same for all customers."""
        ...
