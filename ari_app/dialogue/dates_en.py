"""English: dates out of normalised text."""

from __future__ import annotations

import re
from datetime import date

from ari_app.dialogue import calendar_words as when
from ari_app.dialogue import date_rules_en as rules
from ari_app.dialogue.date_rules_en import DateRule
from ari_app.dialogue.date_words_en import (
    CARDINAL,
    COUNT,
    DAY,
    MONEY,
    MONTH,
    MONTH_NAMES,
    NTH,
    SURE_NTH,
    YEAR,
)
from ari_app.dialogue.dates_sense_en import in_the_past, lasts_only, merged
from ari_app.dialogue.heard import DateSpan

_UNIT = "(?P<unit>days?|weeks?|months?)"
#: Before a length of time that is over or goes on, and is no day to pay.
_NOT_SINCE = "".join(
    rf"(?<!{words} )"
    for words in (
        *("for", "over", "past", "last", "every", "been", "these", "of", "first", "once", "only", "already"),
        *("for like", "for about"),
    )
)
_NOT_A_DATE = (
    r"(?! (?:late\b|notice|ago|old|overdue|behind|plan|without|back|off|straight|running|worth|of |a "
    r"(?:week|month)|pregnant|"
    r"holiday|sick|and (?:nobody|no |still|nothing)|in arrears|arrears|into|before))"
)
#: What makes a length of time that somebody wants to pay later *by*.
_DEFER = (
    r"(?:push|pushed|put|move|extend|postpone|delay|defer|hold|shift|knock|set|bump|leave|drag|stretch|"
    r"roll|delayed|extended)"
    r"(?: (?:it|this|that|the|my|your|date|payment|bill|due|deadline|back|off|out|on|forward|over|things|them|one))*"
    r"(?: (?:by|for|a|another|like|about|maybe|say))*"
)
_NOT_NOUNS = (
    r"(?! (?:payment|time|times|bill|one(?! (?:hundred|thousand|[a-z]+ty|[a-z]+teen|ten|fifty))|ones|"
    r"person|floor|thing|place|call|caller|reminder|week|letter|"
    r"of all|installment|notice|"
    r"half|instance|lady|guy|class|chance|day|name|street|avenue|round|attempt|part|year|visit|job|party|"
    r"hand|choice|option|"
    r"shift|class|people|monday|tuesday|wednesday|thursday|friday|saturday|sunday|dollars|percent))"
)
#: What may follow "the first" as a date: the end, or a word of grammar.
_AFTER_NTH = (
    r"(?= (?:of|and|but|or|if|because|when|is|was|that|for|i|so|then|please|at|in|with|by|via|through|to|"
    r"it|as|not|no|yes|would|"
    r"will|works?|once|after|before|now|we|you|he|she|my|the|a|this|over|on|like|too|using|from|cash|max|"
    r"latest|maybe|"
    r"definitely|sorry|wait|love|pal|dear|thanks|always|should|can|instead|does|suits?|without|already|"
    r"since|check|same|straight|ok)\b|$|\|)"
)
_DATES: tuple[tuple[re.Pattern[str], str, DateRule], ...] = tuple(
    (re.compile(pattern), kind, rule)
    for pattern, kind, rule in (
        # Wishes to pay later by some time: from now or from the due date, nobody can tell.
        (
            (
                rf"\b{_DEFER} (?:(?:another|a further|an extra|{COUNT}|half a)(?: (?:more|extra|whole|or two|"
                rf"or so))? (?:days?|weeks?|months?|fortnight)|half a month|a fortnight)\b"
                r"(?! (?:on|from|today|tomorrow|after|time))"
            ),
            "vague",
            rules.nobody_knows,
        ),
        (
            (
                rf"\b(?<!give me )(?<!give us )(?<!in )(?:{COUNT} )?(?:more|extra) (?P<unit>days?|weeks?|"
                rf"months?|fortnight)\b(?! or)"
            ),
            "vague",
            rules.nobody_knows,
        ),
        (
            (
                rf"\b(?<!give me )(?<!give us )(?<!in )(?<!wait )(?<!for )(?:another|an extra|a further|an "
                rf"additional) (?:{COUNT} )?(?P<unit>days?|weeks?|months?|fortnight)\b(?! or)"
            ),
            "vague",
            rules.nobody_knows,
        ),
        (
            (
                rf"\bwhat (?:day )?is (?:it )?today(?: {DAY})?\b|\b(?:left|over|nothing|broke|short) (?:\w+ "
                rf"){{0,3}}(?:at|by) (?:the )?end of (?:the |each |every )?(?:week|month)\b"
            ),
            "vague",
            rules.nobody_knows,
        ),
        (rf"\b(?:{MONEY}|{CARDINAL}) an? (?:day|week|month)\b", "filler", rules.nobody_knows),
        (
            (
                r"\b(?:times|here|early|off|out|away|ill|sick|working|called|ringing|rang|work|site|mad|busy|"
                r"home|town|nights) today\b"
            ),
            "vague",
            rules.nobody_knows,
        ),
        (rf"(?<!half )\b{COUNT} {_UNIT} from (?:today|now)\b", "day", rules.in_units),
        (
            r"(?<!day after )\b(?:the )?day after tomorrow\b|\bovermorrow\b|\btwo days from (?:now|today)\b",
            "day",
            rules.offset(2),
        ),
        (r"\b(?:the )?day before yesterday\b", "day", rules.offset(-2)),
        (r"\b(?:the )?day after (?:the )?day after tomorrow\b", "day", rules.offset(3)),
        (
            r"\b(?:at|that is) (?:the )?end of the day\b|\blast (?:me |us )?(?:till|until) (?:the )?\w+",
            "filler",
            rules.nobody_knows,
        ),
        (rf"\btoday is {DAY}\b", "filler", rules.nobody_knows),
        (r"\b(?:a|one) week (?:from )?tomorrow\b|\btomorrow week\b", "day", rules.offset(8)),
        (r"\b(?:two weeks|a fortnight) (?:from )?tomorrow\b", "day", rules.offset(15)),
        (
            (
                r"\b(?:a week (?:from )?(?:today|now)|one week from (?:today|now)|this day next week|today "
                r"week|this time next week)\b"
            ),
            "day",
            rules.offset(7),
        ),
        (
            r"\b(?:two weeks|a fortnight) (?:today|now)|a fortnight from (?:today|now)\b",
            "day",
            rules.offset(14),
        ),
        (
            r"(?<!half )\b(?:a|one) month (?:from )?(?:today|now)\b",
            "day",
            lambda match, today, past: when.in_months(today, 1),
        ),
        (r"\btomorrow(?: (?:morning|afternoon|evening|night|lunchtime))?\b", "day", rules.offset(1)),
        (r"\byesterday(?: (?:morning|afternoon|evening|night))?\b|\blast night\b", "day", rules.offset(-1)),
        (
            (
                rf"\b(?P<end>end of (?:the )?(?:business )?day|close of (?:business|play)|end of play|close of "
                rf"day)(?: on)?(?= (?:today|tomorrow|next|this|{DAY}|on|the))"
            ),
            "filler",
            rules.nobody_knows,
        ),
        (
            (
                r"(?<!from )\b(?:later |earlier )?today\b|\btonight\b|\b(?:later |earlier )?this (?:very "
                r")?(?:evening|afternoon|morning)\b|\b(?:by |"
                r"at )?(?:the )?(?:end of (?:the )?(?:business )?day|close of (?:business|play)|end of play)\b"
            ),
            "day",
            rules.offset(0),
        ),
        (
            (
                r"(?<=pay )(?:it |that |this |you |the \w+ |all |in full ){0,2}(?:right now|right away|"
                r"straight away|immediately|now)\b"
                r"|(?<=do )(?:it |that |this )?(?:right now|right away|straight away|now)\b|(?<=half "
                r")now\b|(?<=hundred )(?:right )?now\b|(?<=ty )(?:right )?now\b|(?<=dollars )(?:right "
                r")?now\b|(?<=bucks )(?:right )?now\b|(?<=pounds )(?:right )?now\b"
                r"|\b(?:pay|paying|do|clear|settle|sort|send)(?: \w+){0,4} (?:right now|right away|"
                r"straight away|immediately|right this (?:second|minute))\b"
            ),
            "now",
            rules.offset(0),
        ),
        (
            rf"\b(?:a|one) week (?:on|from|after|this|coming|next)(?: this| coming| next)? {DAY}\b",
            "day",
            rules.weekday_and(7),
        ),
        (rf"\b(?:this )?{DAY} week\b", "day", rules.weekday_and(7)),
        (
            rf"\b(?:two weeks|a fortnight) (?:on|from|after)(?: this| coming)? {DAY}\b",
            "day",
            rules.weekday_and(14),
        ),
        (rf"\b{DAY} fortnight\b", "day", rules.weekday_and(14)),
        (rf"\ba week (?:ago )?last {DAY}\b", "day", rules.weekday_in(-2)),
        (rf"\b(?:this |the )?(?:past|previous) {DAY}\b", "day", rules.weekday_gone),
        (rf"\b{DAY} (?:gone|just gone|just past|past|last|just passed)\b", "day", rules.weekday_gone),
        (rf"\b{DAY} (?:of )?last week\b", "day", rules.weekday_in(-1)),
        (rf"\blast week(?: on)? {DAY}\b", "day", rules.weekday_in(-1)),
        (rf"\b(?:the )?week after next(?: on)?(?: the)? {DAY}\b", "day", rules.weekday_in(2)),
        (rf"\b(?:the )?{DAY} (?:of )?(?:the )?week after next\b", "day", rules.weekday_in(2)),
        (rf"\b(?:the )?{DAY} after next\b", "day", rules.weekday_in(2)),
        (rf"\bnext (?:to )?next {DAY}\b", "day", rules.weekday_in(2)),
        (rf"\b(?:the )?{DAY} (?:of )?(?:next|the following|following) week\b", "day", rules.weekday_in(1)),
        (rf"\bnext week(?: on| by| maybe| like| say)?(?: the)? {DAY}\b", "day", rules.weekday_in(1)),
        (rf"\b{DAY} (?:of )?this week\b", "day", rules.weekday_in(0)),
        (rf"\bthis week(?: on)? {DAY}\b", "day", rules.weekday_in(0)),
        (rf"\bthe {SURE_NTH} {DAY}\b", "filler", rules.nobody_knows),
        (
            (
                rf"\b(?:the )?(?P<place>first|second|third|fourth|last) {DAY} (?:of|in) (?:the )?"
                rf"(?P<which>next month|this month|following month|month|{MONTH_NAMES})\b"
            ),
            "day",
            rules.weekday_of_month,
        ),
        (rf"\bthe (?:first|second|third|last) {DAY}\b", "filler", rules.nobody_knows),
        (rf"\b(?:(?P<which>next|last|this|coming)(?: coming)? )?{DAY}\b(?: only)?", "weekday", rules.weekday),
        (
            (
                rf"\b(?:the )?(?:very )?(?:(?:end|close|last day|last) (?:of|off)|end) (?:the |this |of "
                rf")?(?P<which>next month|following month|last month|month|{MONTH_NAMES})\b"
            ),
            "day",
            rules.month_end,
        ),
        (r"\b(?P<which>next|this) month ?s? end\b", "day", rules.month_end),
        (r"\bmonth ?s? end\b|\bend of month\b|\bend month\b", "day", rules.this_month_end),
        (rf"\b(?P<which>{MONTH_NAMES}) end\b", "day", rules.month_end),
        (
            r"\b(?:the )?end of (?:the |this |of )?(?P<which>next )?week\b",
            "day",
            rules.week_end,
        ),
        (r"\bwithin (?:the|this) week\b|\bweek ending\b|\bweek s end\b", "day", rules.this_week_end),
        (
            rf"\b(?:the )?{NTH}(?: day)? (?:of |in )?(?:the )?(?P<which>next|this|the|last|following|coming) month\b",
            "nth",
            rules.day_of,
        ),
        (
            rf"\b(?P<which>next|following|coming) month (?:on |by )?(?:the )?{NTH}\b",
            "nth",
            rules.day_of,
        ),
        (rf"\b(?:the )?{NTH} (?:day )?(?:of )?{MONTH}\b{YEAR}", "nth", rules.month_and_day),
        (
            (
                rf"(?<!i )(?<!we )(?<!you )(?<!it )\b{MONTH} (?:the )?(?:{NTH}|(?P<number>{CARDINAL}|"
                rf"[0-9]{{1,2}}))\b(?! (?:hundred|thousand|dollars|bucks|days|weeks|times|payments|bills|"
                rf"months)){YEAR}"
            ),
            "nth",
            rules.month_and_day,
        ),
        (
            (
                rf"\b(?:the )?(?P<number>{CARDINAL}|[0-9]{{1,2}}) (?:of "
                rf")?(?P<month>{MONTH_NAMES.replace('|may|', '|')})\b(?! (?:the|{CARDINAL}))"
            ),
            "nth",
            rules.month_and_day,
        ),
        (rf"\b{COUNT}(?: or so)? {_UNIT} (?:ago|back|before)\b(?! (?:on|to|in)\b)", "day", rules.ago),
        (r"\b(?:a |one )?fortnight (?:ago|back)\b", "day", rules.offset(-14)),
        (
            (
                rf"{_NOT_SINCE}\b(?P<lead>in (?:about |another |like |maybe |say |just |under )?|within "
                rf"(?:about |another )?|after (?:about |another )?|"
                rf"(?:give|allow|grant) (?:me|us) (?:maybe |about |at least |another |like |just |say )*|"
                rf"about |another |like |maybe |say )?{COUNT} (?:more |working |business |short "
                rf")?{_UNIT}\b{_NOT_A_DATE}(?P<tail> s? ?time(?: from (?:now|today))?| from now| hence| "
                rf"from today| later| or so| max| tops)?"
            ),
            "length",
            rules.in_units,
        ),
        (
            (
                rf"{_NOT_SINCE}\b(?P<lead>in |within |give me |give us |after )?(?:about )?(?:a|one|another|"
                rf"the)? ?fortnight\b(?P<tail> s? ?time| from now| from today)?{_NOT_A_DATE}"
            ),
            "length",
            rules.offset(14),
        ),
        (
            (
                rf"{_NOT_SINCE}\b(?P<lead>in |within |give me |give us |after )?half (?:a|of the|of a) "
                rf"month\b(?P<tail> s? ?time| from now| from today)?"
            ),
            "length",
            rules.offset(15),
        ),
        (r"\b(?:this |the |next |over the )?weekends?\b", "vague", rules.nobody_knows),
        (
            rf"\b(?:on )?(?:the )?day (?:number )?(?P<number>{CARDINAL}|[0-9]{{1,2}})(?: of)? {MONTH}\b",
            "nth",
            rules.month_and_day,
        ),
        (
            (
                rf"\b(?:on |by |till |until )?(?:the )?day (?:number )?(?P<nth>{CARDINAL}|[0-9]{{1,2}})(?: of "
                rf"(?:this|the) month)?"
                r"(?P<which>)(?! (?:late|times?|notice|\w+s)\b)"
            ),
            "nth",
            rules.day,
        ),
        (r"\bnext (?:week|month)\b", "vague", rules.nobody_knows),
        (
            rf"\b(?:(?:on|by|until|till|before|after|from|around|about) )?(?:the )?{SURE_NTH}\b{_NOT_NOUNS}",
            "nth",
            rules.day,
        ),
        (
            (
                rf"\b(?:the|on|by|until|till|before|after) (?:the )?(?P<nth>first|second|"
                rf"third)\b{_AFTER_NTH}{_NOT_NOUNS}"
            ),
            "nth",
            rules.day,
        ),
        (
            (
                rf"\b(?:on|by|until|till|before|after|from) the (?P<nth>{CARDINAL}|[0-9]{{1,2}})\b(?! "
                rf"(?:percent|{CARDINAL}|"
                r"hundred|thousand|oh|dollars?|pounds|bucks|rupees|yuan|cents|quid|days?|weeks?|months?|"
                r"of (?:us|them)|units|[0-9]|point|that|bill|fee|charge))"
            ),
            "nth",
            rules.day,
        ),
        (
            (
                rf"\bthe (?P<nth>{CARDINAL}|[0-9]{{1,2}})\b(?= (?:is (?:too|fine|ok|okay|good|great|better|not|"
                rf"no)|works?|suits?|would (?:be|work|suit)|will (?:do|work)))"
            ),
            "nth",
            rules.day,
        ),
        (r"(?:^|(?<=yes )|(?<=yeah )|(?<=no ))(?P<nth>first|second|third)$", "nth", rules.day),
    )
)
#: Without one of these words no date is spoken.
_ANY_DATE = re.compile(
    r"day|mon\b|tue|wed\b|thu|fri\b|week|month|night|morrow|th\b|[0-9](?:st|nd|rd)\b|first|second|third|"
    r"evening|morning|afternoon|"
    r"now\b|away\b|immediately|close of|end of play|minute|the [0-9]|\b(?:on|by|until|till|before|after|"
    r"from) the (?:t|f|s|e|n|o)|"
    rf"\b(?:{MONTH_NAMES})\b"
)
_TENSES = frozenset({"weekday", "nth"})


def find_dates(text: str, today: date, past: bool) -> list[DateSpan]:
    """Every date spoken, in order, also those without a value (ambiguous ones).

    ``past``: the utterance tells of something done; where its words are mixed, those next to a date decide.
    """
    found: list[tuple[DateSpan, str]] = []
    if not _ANY_DATE.search(text):
        return []
    for pattern, kind, rule in _DATES:
        for match in pattern.finditer(text):
            if any(match.start() < span.end and span.start < match.end() for span, _ in found):
                continue
            if kind == "length" and not lasts_only(text, match):
                continue
            done = in_the_past(text, match.start(), match.end(), past) if kind in _TENSES else past
            found.append((DateSpan(match.start(), match.end(), rule(match, today, done)), kind))
    return merged(text, sorted(found, key=lambda one: one[0].start))
