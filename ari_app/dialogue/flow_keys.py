"""The keys that a flow file and a part may hold, and the words that some of them take."""

from __future__ import annotations

import re

from ari_app.dialogue.dispute_answers import DESCRIBED
from ari_app.dialogue.flow_conditions import Fact
from ari_app.dialogue.model import KeyInput
from ari_app.dialogue.understanding import FINER, INTENTS

FLOW_KEYS = (
    "flow",
    "version",
    "languages",
    "start",
    "parts",
    "experiments",
    "policy",
    "required",
    "min_confidence",
    "defaults",
    "answers",
    "states",
)
#: Of a file that holds answers and states for several flows.
PART_KEYS = ("part", "version", "experiments", "defaults", "answers", "states")
DEFAULT_KEYS = ("no_input", "no_match", "filler")
STATE_KEYS = ("say", "covers", "hung_up", "ask", "next", "end")
ASK_KEYS = (
    "context",
    "again",
    "keys",
    "digits",
    "hear",
    "include",
    "on",
    "no_input",
    "no_match",
    "max_tries",
    "no_input_s",
    "barge_in",
    "answers_questions",
    "note",
)
#: What a key may mean, and what a question may react to: intents and finer meanings, and an answer in own words.
MEANINGS = INTENTS | FINER.keys()
ANSWERS = MEANINGS | {DESCRIBED}
END_KEYS = ("result", "do_not_contact", "transfer", "message", "kept")
KEY_KEYS = ("intent", "date", "amount", "periods", "category", "channel", "reason", "evidence")
MOVE_KEYS = ("go", "again", "say", "when", "forget", "switch", "keep")
TELEPHONE_KEYS = frozenset("0123456789*")
DIGITS: dict[str, KeyInput] = {
    "phone_tail": KeyInput(min_digits=1, max_digits=4),
    "amount": KeyInput(min_digits=1, max_digits=10),
}
FORGET = {"date": Fact.DATE, "amount": Fact.AMOUNT, "periods": Fact.PERIODS, "deferral": Fact.DEFERRAL}
#: Names of flows, parts, states.
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
