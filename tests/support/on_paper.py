"""A persona of the lab without a telephone: what he does as answers to a flow, and what comes of it as an export has it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache

from ari_app.dialogue.flow import Flow
from ari_app.domain.account import Account
from ari_app.domain.result_export import result_object
from ari_app.lab.persona import Interrupt, Persona, Press, Say, Wait, WaitFor, filled
from ari_app.lab.scenario import LabAccount
from ari_app.services.account_row import RowDefaults, read_row
from ari_app.services.flow_sources import read_flow_file
from ari_app.services.flow_trial import HANGS_UP, SILENCE, try_flow
from tests.support.talks import COMPANY, ROOT

_PATIENCE = 8


def answers(persona: Persona, number: str) -> Iterator[str]:
    """What he answers to each question, as a conversation file writes it; then silence, as long as he is asked."""
    asked = False
    for step in persona.steps:
        match step:
            case Wait(wait_for=WaitFor.PROMPT | WaitFor.SPEECH):
                if asked:
                    yield SILENCE
                asked = True
            case Interrupt():
                asked = False
                yield _answer(step.action, number)
            case Say() | Press() if asked:
                asked = False
                yield _answer(step, number)
            case Wait(wait_for=WaitFor.END):
                break
            case Say() | Press() | Wait():
                pass  # "hello" before anybody has asked anything; a moment before he hangs up
            case _:
                yield HANGS_UP
    for _ in range(_PATIENCE):
        yield SILENCE


def on_paper(account: LabAccount, persona: Persona, now: datetime) -> tuple[dict[str, object], str, bool]:
    """The account's call held on paper: the object of its export, all that the bot said, whether he is not to be called."""
    row = read_row(account.row(now.date()), RowDefaults(now=now))
    assert isinstance(row, Account), row
    trial = try_flow(_flow(account.flow), row, COMPANY, now)
    trial.begin()
    for answer in answers(persona, account.phone):
        if trial.result is not None:
            break
        trial.give(answer)
    result = trial.result
    assert result is not None, f"it has not ended: {trial.exchanges[-1].said!r}"
    exported = result_object(result, result.promises, lambda at: str(at and at.astimezone(UTC)), None)
    said = "\n".join(exchange.said for exchange in trial.exchanges)
    return exported | {"disposition": result.result}, said, result.do_not_contact


@cache
def _flow(name: str) -> Flow:
    return read_flow_file(ROOT / "dialplan" / "flows" / f"{name}.yaml")


def _answer(action: Say | Press, number: str) -> str:
    done = filled(action, number)
    return done.text if isinstance(done, Say) else done.keys
