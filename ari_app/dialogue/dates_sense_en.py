"""English: which of the dates spoken are meant, and whether they lie behind."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ari_app.dialogue.heard import DateSpan

_BREAK = re.compile(r"\b(and|but|then|so|because|while|therefore|though|although|plus)\b")
_DONE = re.compile(
    r"\b(paid|sent|went(?! (clean )?out of my)|did(?! not)|made(?! (your|my|a|up))|took|taken|(i|we|just|"
    r"already) put (it|that|the)|settled|cleared|cashed|mailed|posted|"
    r"handed|dropped|transferred|deposited|wired|debited|deducted|came (out|off)|left (my|the|our)|gave|"
    r"got it done|sorted|finished|dated|rang|called|phoned|rung|spoke|(?<!get )lost|died|buried|broke|moved|visited|"
    r"swiped|cut the check|has been|was (paid|done|made|sent|taken)|gone|processed|used (my|the))\b"
)
_TO_DO = re.compile(
    r"\b(will|going to|can|could|shall|would|want to|plan|promise|let us|make it|am paying|is going|are "
    r"going|be paid|am paid|get paid|gets paid|getting paid|"
    r"be able|have it|expect|hope|aim|might|have to|need to|is coming|remaining|balance|rest)\b"
)
_NEGATED_BEFORE = re.compile(
    r"(?<!why )(?<!if )\b(not|except|but not|anything but|bar|never|instead of|rather than|other than|"
    r"apart from|besides|no|"
    r"(can|could|will|would|did|do) not( \w+)? (do|make|manage|say|mean|want))( it| that| on| by| the| for| this| "
    r"next| even)*( next| this| coming)?$"
)
_NOT_REALLY = re.compile(
    r"\b(why|if|or|whether|can|could|is) not( on| by| the)*$|\b(not (till|until|before|by))( the)?$|\bno( "
    r"on| by| the| this| next)*$"
)
_UNTIL = re.compile(r"(until|till|before|by)\b")
_NO_DAY = re.compile(r"\b(not|except|bar|any day but|anything but|never)( on| by| the| this| next| coming)*$")
_NEGATED_AFTER = re.compile(
    r"^ (is|are|will be|would be|does|might be|seems|sounds|looks)? ?(just |a bit |way |far |a little |"
    r"still |really )*(too (early|soon|late|quick|tight|short|close)|not (good|possible|going to|great|ok|"
    r"okay|an option|on|"
    r"happening|convenient|suitable|doable|enough)|no good|no use|impossible|out(?! of)|off(?! to)|bad|"
    r"early|late)\b(?! "
    r"(on|in) the)|^ (does|would|will|can|do|could) not (really )?(work|do|suit|be|happen|fit)"
    r"|^ (no good|not possible|no can do|not good|is a no|is a bad|is out)|^ (i|we) (can|could) not( do| "
    r"make| manage)?( it)?$"
)
_NO_LONGER = re.compile(
    r"^( no)?( no| sorry| wait| hang on| hold on| scratch that| actually| rather| make that| make it| i "
    r"tell a lie| i meant| or rather| i mean){1,4}\b"
)
_SOFT_NO = re.compile(
    r"\b(no|sorry|wait|rather|scratch|make it|make that|i meant|hang on|hold on|correction|i tell a lie|instead)\b"
)
#: Another event of that day than the payment: wages, a shift, an appointment.
_OWN_EVENT_BEFORE = re.compile(
    r"\b((i|we) (only |usually |always )?(get|gets|receive|work|start|finish|fly|leave|move|am away|am "
    r"off|am working|have work|have my|have a) ?(\w+ ){0,5}|"
    r"(pension|salary|wages|cheque|check|benefits?|allowance|payday|rent|bonus|invoice|loan|pay|social "
    r"security|dole|money|student finance|credit|deposit|refund|job|giro)"
    r" (\w+ ){0,2}?(comes?|lands?|hits|arrives?|drops?|goes|clears|is|gets|due|paid) ?(\w+ ){0,2}|(she|he|"
    r"they|\w+) (gets|comes|goes|arrives|flies|is) (back|home|in|over|off) ?(\w+ ){0,3}|(i|we) (have |"
    r"have got )?(a |my )?(\w+ )?(appointment|interview|shift|exam|operation|surgery|flight|wedding|"
    r"funeral|party|holiday)s? ?(\w+ ){0,2})(on|by|"
    r"at|until|till|around|the|next|this|in)?( the)? ?$"
)
_OWN_EVENT_AFTER = re.compile(
    r"^ (is|are) (my|when (i|my|we|the)|the day (i|my)|pay ?day|payday|a (bank )?holiday|the rent)|^ (the "
    r")?(rent|mortgage) (comes|goes|is)|^ i (work|am (in|at|away|off|working|busy|out)(?! (on|till|until|"
    r"from)\b)|have (work|a))\b"
)
_TO_PAY = re.compile(
    r"\b(pay|paying|send|settle|clear|do it|have it|you (will|get|have|can)|transfer|"
    r"make it|sort|put|drop)\b"
)
_LIGHT = re.compile(
    r"^(ok|okay|so|yes|yeah|no|maybe|about|say|in|just|um|uh|right|then|well|probably|perhaps|possibly|"
    r"around|let us say|i would say|"
    r"i need|i want|i will need|need|only|roughly|like|hmm|alright|fine|oh|the|for|please|at least|at "
    r"most|give or take|"
    r"give me|give us|let me have|can i have|could i have|can you give me|could you give me|would|it will "
    r"be|it will take|make it| )*$"
)
_ASKS_LENGTH = re.compile(
    r"\b(pay|paid|settle|clear|send|done|sort|do|have|need|want|get|give me|give us|you|it|that|money|"
    r"wait|takes?|be|another|or|maybe|say|for you|latest|time|least)( like| about| say| maybe| just| only|"
    r" the| a| for)*$"
)


def in_the_past(text: str, start: int, end: int, default: bool) -> bool:
    """Whether the words next to a date tell of something done; ``default`` where they tell nothing."""
    lead, follow = text[:start], text[end:]
    breaks = list(_BREAK.finditer(lead))
    clause = lead[breaks[-1].end() :] if breaks else lead
    first_break = _BREAK.search(follow)
    rest = follow[: first_break.start()] if first_break else follow
    for part, nearest_last, near in ((clause, True, True), (rest, False, True), (lead, True, False)):
        done = _place(_DONE, part, last=nearest_last)
        to_do = _place(_TO_DO, part, last=nearest_last)
        if done is None and to_do is None:
            continue
        if done is None or to_do is None:
            return done is not None and (default or near)
        if to_do < done and _infinitive(part[to_do:done]):
            return False  # "will have it paid"
        return done > to_do if nearest_last else done < to_do
    return default


def _infinitive(between: str) -> bool:
    words = between.split()
    return len(words) <= 6 and not {
        "i",
        "we",
        "he",
        "she",
        "they",
        "you",
        "was",
        "were",
        "had",
        "that",
    } & set(words[1:])


#: "if i paid": only thought of.
_SUPPOSED = re.compile(
    r"\b(if|when|once|until|till|unless|whether|after)( (i|we|he|she|they|it|you|have|"
    r"had|was|is|been))*$"
)


def _place(pattern: re.Pattern[str], text: str, *, last: bool) -> int | None:
    places = [
        match.start()
        for match in pattern.finditer(text)
        if not _SUPPOSED.search(text[: match.start()].rstrip())
    ]
    return None if not places else places[-1] if last else places[0]


def lasts_only(text: str, match: re.Match[str]) -> bool:
    """Whether a length of time is a day to come: it says so itself, or stands where a day is expected."""
    groups = match.groupdict()
    if groups.get("lead") and groups["lead"].split()[0] in (
        "in",
        "within",
        "after",
        "give",
        "allow",
        "grant",
    ):
        return True
    if groups.get("tail"):
        return True
    before = text[: match.start()].rstrip()
    return bool(_LIGHT.match(before) or _ASKS_LENGTH.search(before))


def merged(text: str, found: Sequence[tuple[DateSpan, str]]) -> list[DateSpan]:
    """Dates that explain each other made one: "thursday the nineteenth", "monday march sixteenth"."""
    out: list[tuple[DateSpan, str]] = []
    for span, kind in found:
        if kind == "filler":
            continue
        last = out[-1] if out else None
        if last is not None:
            between = text[last[0].end : span.start].strip()
            near = between in (
                "",
                "the",
                "on",
                "on the",
                "that is",
                "that is the",
                "so",
                "which is",
                "which is the",
                "being the",
                "it is the",
                "it is",
            )
            if near and {last[1], kind} == {"weekday", "nth"}:
                value = span.value if kind == "nth" else last[0].value
                out[-1] = (DateSpan(last[0].start, span.end, value), "nth")
                continue
            if near and kind == "weekday" and span.value is None and last[0].value is not None:
                out[-1] = (DateSpan(last[0].start, span.end, last[0].value), last[1])
                continue
        out.append((span, kind))
    return [span for span, _ in out]


def meant_dates(text: str, spans: Sequence[DateSpan]) -> list[DateSpan]:
    """Without dates that are refused, taken back, or the day of something else."""
    refused = {span.value for span in spans if span.value is not None and negated(text, span)}
    kept = [span for span in spans if not negated(text, span)]
    back = {span.value for span in kept if _taken_back(text, kept, span)}
    kept = [
        span
        for place, span in enumerate(kept)
        if not (span.value in back and place < len(kept) - 1)
        and not (span.value in refused and len(kept) > 1)
    ]
    if len({span.value for span in kept if span.value is not None}) > 1:
        kept = [span for span in kept if not _own_event(text, kept, span)] or kept
    return kept


def negated(text: str, span: DateSpan) -> bool:
    """Whether the date is rejected by the words around it ('not friday', 'friday is too early')."""
    before, after = text[: span.start].rstrip(), text[span.end :]
    if _NEGATED_AFTER.match(after):
        return True
    if _UNTIL.match(text[span.start :]) and before.endswith("not"):
        return False
    return bool(
        (_NEGATED_BEFORE.search(before) and not _NOT_REALLY.search(before))
        or (_NO_DAY.search(before) and not re.search(r"\b(why|if|whether|or) not( on| by| the)*$", before))
    )


def _taken_back(text: str, spans: Sequence[DateSpan], span: DateSpan) -> bool:
    after = [other for other in spans if other.start >= span.end and other.value != span.value]
    if not after:
        return False
    rest = text[span.end : after[0].start]
    return bool(_NO_LONGER.match(rest)) or (len(rest) <= 30 and bool(_SOFT_NO.search(rest)))


def _own_event(text: str, spans: Sequence[DateSpan], span: DateSpan) -> bool:
    others = [other for other in spans if other is not span and other.value != span.value]
    before, after = text[: span.start].rstrip(), text[span.end :]
    if _OWN_EVENT_AFTER.match(after):
        return True
    clause = before[max((match.end() for match in _BREAK.finditer(before)), default=0) :]
    return bool(others and _OWN_EVENT_BEFORE.search(f"{clause} ") and not _TO_PAY.search(clause))
