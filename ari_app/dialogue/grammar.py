"""What may be heard at a question: small JSGF grammars for English, hot words for recognisers without grammars.

A recogniser with a grammar never rejects: whatever is said becomes one of its phrases. So a question gets the phrases
that fit it and no more, and nothing that was heard is recorded without being read back. Every word stands in CMUdict.
"""

from __future__ import annotations

from ari_app.dialogue.model import Grammar

_DAY = "( monday | tuesday | wednesday | thursday | friday | saturday | sunday )"
_ONES = "( one | two | three | four | five | six | seven | eight | nine )"
_TEENS = (
    "( ten | eleven | twelve | thirteen | fourteen | fifteen | sixteen | seventeen | eighteen | nineteen )"
)
_TENS = "( twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety )"
_NTH = (
    "( first | second | third | fourth | fifth | sixth | seventh | eighth | ninth | tenth | eleventh | twelfth"
    " | thirteenth | fourteenth | fifteenth | sixteenth | seventeenth | eighteenth | nineteenth | twentieth"
    " | twenty ( first | second | third | fourth | fifth | sixth | seventh | eighth | ninth ) | thirtieth | thirty first )"
)
_BELOW_100 = f"( {_ONES} | {_TEENS} | {_TENS} [ {_ONES} ] )"
_HUNDREDS = f"{_ONES} hundred [ [ and ] {_BELOW_100} ]"
_MONEY = f"( {_HUNDREDS} | {_TEENS} | {_TENS} [ {_ONES} ] | {_ONES} thousand [ {_HUNDREDS} ] )"
_DIGIT = "( zero | oh | one | two | three | four | five | six | seven | eight | nine )"

#: JSGF alternatives by group of phrases.
GROUPS: dict[str, tuple[str, ...]] = {
    "yes": (
        "yes",
        "yeah",
        "yep",
        "yes please",
        "yes that is right",
        "that is right",
        "that is correct",
        "correct",
        "okay",
    ),
    "no": ("no", "nope", "no thank you", "no that is wrong", "that is wrong", "that is not right"),
    "identity": ("speaking", "this is he", "this is she", "that is me", "yes i am", "yes this is me"),
    "not_him": (
        "wrong number",
        "you have the wrong number",
        "this is the wrong number",
        "no wrong number",
        "not him",
        "not her",
        "no one here by that name",
    ),
    "third_party": (
        "he is not here",
        "she is not here",
        "he is at work",
        "she is at work",
        "i am his wife",
        "i am her husband",
    ),
    "busy": (
        "i am busy",
        "i am driving",
        "i am in a meeting",
        "call me later",
        "call me back later",
        "not a good time",
    ),
    "robot": ("are you a robot", "am i talking to a machine"),
    "person": ("i want a person", "i want to speak to a person", "speak to a person", "operator", "agent"),
    "stop": ("stop calling me", "do not call me again"),
    "no_recording": ("do not record me", "no recording", "i do not want to be recorded"),
    "digits": (f"{_DIGIT} {_DIGIT} {_DIGIT} {_DIGIT}",),
    "when": tuple(
        f"[ i will pay | i can pay | i will pay you ] {phrase}"
        for phrase in (
            "( today | tomorrow | the day after tomorrow )",
            f"[ on | by | next | this ] {_DAY}",
            "[ in ] ( two | three | four | five | six | seven | eight | nine | ten ) days",
            "[ in ] ( a week | one week | two weeks | three weeks )",
            "[ at | by ] [ the ] end of the month",
            "[ on | by ] the " + _NTH,
        )
    ),
    "full": (
        "the full amount",
        "full amount",
        "all of it",
        "everything",
        "i will pay all of it",
        "i will pay the full amount",
    ),
    "amounts": (f"[ i will pay | i can pay ] {_MONEY} [ yuan | dollars ]",),
    "half": ("half", "half of it", "i will pay half"),
    "already_paid": (
        "i already paid",
        "i have already paid",
        "i paid it",
        "i paid yesterday",
        "i paid last week",
        "it is already paid",
    ),
    "dispute": (
        "the bill is wrong",
        "the amount is wrong",
        "that is too much",
        "i was charged twice",
        "i do not owe that",
    ),
    "refuse": ("i will not pay", "i am not going to pay", "i refuse to pay"),
    "how_much": ("how much is it", "how much do i owe"),
    "link": ("send me the link", "send me a link", "text me the link", "please send me the link"),
    "dispute_kinds": (
        "the meter",
        "the meter reading",
        "the bill",
        "the amount",
        "the service",
        "something else",
    ),
    "vouchers": (
        "the bill number",
        "my address",
        "a photo",
        "a picture",
        "i can send a photo",
        "a video",
        "a receipt",
        "a document",
    ),
    "needs": (
        "i have a baby",
        "we have a baby at home",
        "i have small children",
        "someone here needs a medical device",
        "i am on dialysis",
        "i have an elderly mother",
    ),
    "restore": (
        "please turn it back on",
        "when will it be back on",
        "i am still cut off",
        "it is still off",
    ),
    "distress": (
        "i want to die",
        "i want to kill myself",
        "i do not want to live",
        "i will kill myself",
    ),
    "gone": (
        "he passed away",
        "she passed away",
        "he is dead",
        "she is dead",
        "he died last year",
        "she died last year",
    ),
    "child": ("my parents are not home", "my parents are not here", "i am a child"),
    "chinese": ("do you speak chinese", "can we speak chinese", "chinese please"),
    "complaint": ("i want to make a complaint", "i want to complain"),
    "abuse": ("you are an idiot", "you people are idiots", "you are crooks"),
    "about_bill": ("what is it for", "what is the bill made of", "what are the charges", "how can i pay"),
    "call_at": ("call me tomorrow [ at ( nine | ten | eleven | two | three | four | five ) ]",),
    "no_money": ("i have no money", "i lost my job", "i need more time", "can i pay in installments"),
}

#: Groups that fit a question, where the flow does not name them.
DEFAULT_GROUPS: dict[str, tuple[str, ...]] = {
    "opening": (
        "yes",
        "no",
        "identity",
        "not_him",
        "third_party",
        "busy",
        "robot",
        "person",
        "stop",
        "no_recording",
        "distress",
        "gone",
        "child",
        "chinese",
        "complaint",
    ),
    "verify_tail": ("digits", "no", "not_him", "person", "busy"),
    "inform": ("yes", "no", "when", "already_paid", "dispute", "refuse", "person"),
    "ask_when": (
        "when",
        "already_paid",
        "dispute",
        "refuse",
        "no_money",
        "distress",
        "how_much",
        "person",
        "busy",
        "stop",
        "link",
        "complaint",
        "abuse",
        "about_bill",
        "call_at",
    ),
    "ask_amount": ("full", "half", "amounts", "person"),
    "ask_plan": ("yes", "no", "person"),
    "confirm_ptp": ("yes", "no", "person"),
    "dispute_describe": ("yes", "no", "person"),
    "closing": ("yes", "no"),
}

#: Words that recognisers without grammars should expect, by language and question.
HOT_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "zh": {
        "opening": ("是的", "我就是", "不是", "打错了", "人工", "录音"),
        "verify_tail": ("尾号", "幺"),
        "inform": ("已经缴了", "账单不对"),
        "ask_when": ("今天", "明天", "后天", "下周", "月底", "号", "已经缴了", "账单不对", "人工"),
        "ask_amount": ("全部", "全额", "一半", "块", "元"),
        "ask_plan": ("分期",),
        "confirm_ptp": ("对", "是的", "不对", "改到"),
        "dispute_describe": ("账单", "多收", "抄表"),
        "closing": ("好的", "再见"),
    },
    "en": {},
}


def grammar_for(context: str, language: str, groups: tuple[str, ...] = ()) -> Grammar:
    """The grammar of a question; ``groups`` name its phrases, else those of the context are taken."""
    chosen = groups or DEFAULT_GROUPS[context]
    name = f"{language}-{context}-{'-'.join(chosen)}".replace("_", "-")
    return Grammar(
        name=name,
        language=language,
        jsgf=_jsgf(chosen) if language == "en" else "",
        hot_words=HOT_WORDS[language].get(context, ()),
    )


def _jsgf(groups: tuple[str, ...]) -> str:
    phrases = " |\n  ".join(phrase for group in groups for phrase in GROUPS[group])
    return f"#JSGF V1.0;\ngrammar answer;\npublic <answer> =\n  {phrases};\n"
