"""Which statement a call ends with: a service reminder, or a formal request for payment; never both (requirement D18)."""

from __future__ import annotations

import re
from collections.abc import Collection

from ari_app.dialogue.flow import Flow, Prompt
from ari_app.dialogue.flow_conditions import Condition
from ari_app.dialogue.flow_policy import BY_STAGE, FORMAL_COLLECTION
from ari_app.dialogue.source import Reader

#: Words that say that this is no collection, and those that say that it is.
REMINDER = {
    "zh": re.compile("服务提醒|不构成.{0,4}催收"),
    "en": re.compile(r"service reminder|no legal demand", re.IGNORECASE),
}
FORMAL = {
    "zh": re.compile("正式.{0,6}(?:催缴|催收)|(?:催缴|催收)通知"),
    "en": re.compile(r"formal (?:request|notice|demand)", re.IGNORECASE),
}
#: Either holds where a case has come to the stage of formal collection.
_STAGES = frozenset({"formal_stage", "legal_stage"})


def check_statements(flow: Flow, reachable: Collection[str], reader: Reader) -> None:
    """Note every statement that the flow's ``statement_mode`` does not allow where it stands."""
    for name in reachable:
        for prompt in flow.states[name].prompts():
            _check(prompt, flow.policy.statement_mode, f"states.{name}", reader)


def _check(prompt: Prompt, mode: str, where: str, reader: Reader) -> None:
    formal_before = False
    for wording in prompt:
        formal = mode == FORMAL_COLLECTION or (mode == BY_STAGE and _asks(wording.when, wanted=True))
        informal = (
            mode not in (FORMAL_COLLECTION, BY_STAGE) or formal_before or _asks(wording.when, wanted=False)
        )
        for language, sentences in wording.sentences.items():
            for sentence in sentences:
                text = "".join(sentence.wording.split()) if language == "zh" else sentence.wording
                if REMINDER[language].search(text) and not (informal and not formal):
                    wrong = "this may be said to a customer whose case is collected formally"
                    reader.fault(sentence.line, where, wrong, "a wording above it with when: formal_stage")
                elif FORMAL[language].search(text) and not formal:
                    wrong = "this may be said to a customer who is only reminded"
                    allowed = "when: formal_stage, and policy.statement_mode by_stage or formal_collection"
                    reader.fault(sentence.line, where, wrong, allowed)
        formal_before = formal_before or (
            len(wording.when) == 1 and wording.when[0].wanted and wording.when[0].name in _STAGES
        )


def _asks(when: tuple[Condition, ...], *, wanted: bool) -> bool:
    return any(condition.name in _STAGES and condition.wanted == wanted for condition in when)
