"""English: mishearings of days and sums: (what stands before, written words, what stands after, the right words).

Written words are plain, so that a rule is only tried where its first word occurs. Before and after are patterns; an empty
one fits anywhere, "!" in front of the last means "not followed by".
"""

from __future__ import annotations

_ONES = "one|two|three|four|five|six|seven|eight|nine"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_NUMBER = rf"{_ONES}|{_TENS}|{_TEENS}|hundred|thousand|oh|[0-9.]+"
_COUNT = rf"{_ONES}|{_TEENS}|{_TENS}|a|an|another|half a|couple|couple of|few|more|[0-9]+"
_UNIT = "dollars?|bucks?|quid|pounds?|yuan|kuai|cents?|pence|rupees?|euros?|grand"
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MONTHS = "january|february|march|april|june|july|august|september|october|november|december"
_WHICH = "next|this|last|coming|every|another|of the|of this|per|each|same"
_ON = "on|by|next|coming|till|until"
_THE = "on the|by the|till the|until the|before the|from the|after the|is the|not the|make it the|say the"
_NTH = rf"{_TENS}|{_TEENS}|first|second|third|[a-z]+th|the"
_SCALE = "hundred|thousand|grand"
_IT = "it|this|that|the|my|them"

MISHEARD_DAYS_AND_SUMS: tuple[tuple[str, str, str, str], ...] = (
    # Days, weeks and months.
    ("am|is|so|too|very|feel", "weak", "", "frail"),
    ("", "weak", "!signal|heart|and|excuse|at", "week"),
    ("", "weaks", "", "weeks"),
    (f"{_COUNT}|{_WHICH}", "wick|wik|eek|weep|wheat", "", "week"),
    (f"{_COUNT}|{_WHICH}", "wicks|weeps|wakes|wheats|wee", "", "weeks"),
    (f"{_COUNT}|{_WHICH}", "moth|mouth|munt|monf|munch|mont", "!is|and|will|can", "month"),
    (_COUNT, "moths|mouths|munches|months s|monks", "", "months"),
    (_COUNT, "daze|dais|days s", "", "days"),
    (_COUNT, "dayz|day s", "", "days"),
    (
        "",
        "fort night|forth night|fourth night|for knight|fort knight|fortnite|fort nite|thought night|four nights",
        "",
        "fortnight",
    ),
    (
        "a|one|us a|me a|another",
        "for tonight|four tonight|for night|four night|forthright|footnote",
        "",
        "fortnight",
    ),
    ("", "to day|too day|today s", "!off", "today"),
    ("", "two day", "$", "today"),
    ("", "to night|too night|tonite|tonights", "", "tonight"),
    (
        "",
        (
            "to morrow|two morrow|too morrow|to marrow|to moral|too marrow|tomorrows|tomorow|tommorow|"
            "tommorrow|tomorrow s|to morrows|tamarrow|tmr|tmrw|tmrow"
        ),
        "",
        "tomorrow",
    ),
    ("", "yester day|yesterdays|yes to day|yester they|yesterday s", "", "yesterday"),
    ("", "mourning|mournings", "", "morning"),
    ("", "after noon", "", "afternoon"),
    ("", "week end", "", "weekend"),
    ("", "mun day|mon day|man day|moon day|munday|mondays|one day s|monde", "", "monday"),
    (_ON, "mandy|mundane|mundy|mondi|mindy", "", "monday"),
    (
        "",
        "choose day|chews day|twos day|tues day|juice day|shoes day|tuesdays|toos day|tuesdee|two s day",
        "",
        "tuesday",
    ),
    (
        "",
        (
            "wednes day|wens day|wends day|when s day|whens day|when is day|wins day|winds day|wed nes day|"
            "wednesdays|wensday|weddings day|wendy s day"
        ),
        "",
        "wednesday",
    ),
    ("", "thirst day|thurs day|third s day|thirds day|thursdays|thirsday|thers day", "", "thursday"),
    (_ON, "thirsty|thursty|thirstday", "", "thursday"),
    (
        "",
        "fry day|fried day|fright day|fridge day|fridays|fly day|pride day|frida|fri day|friendly day|fried a",
        "",
        "friday",
    ),
    (_ON, "fighter|freddy|ferdie|fright|fryer", "", "friday"),
    (
        "",
        "satur day|saturn day|sat a day|sadder day|saturdays|sat her day|setter day|sat or day|satday",
        "",
        "saturday",
    ),
    ("", "sun day|son day|sundays|sunny day", "", "sunday"),
    (_ON, "sundae|sandy|sundy|some day", "", "sunday"),
    ("", "necks|neck|neck s|necked|nexts|nest|necks t|vexed", f"week|month|{_DAYS}", "next"),
    ("", "text|nets|mixed", f"week|{_DAYS}", "next"),
    (
        "",
        "buy|bye|bi|boy",
        (
            rf"the end|the first|the {_NTH}|this|next|end of|month|tomorrow|today|tonight|then|itself|mistake|"
            rf"{_DAYS}|{_MONTHS}"
        ),
        "by",
    ),
    (
        "",
        "and of|in of|hand of|ant of|end off|end or|and off|end up|ends of|bend of",
        r"(?:the |this |next )?(?:week|month|day)",
        "end of",
    ),
    (
        "",
        "month and|month hand|month ended|month ends|month ent|months end|month s end|month in",
        "$",
        "month end",
    ),
    ("", "marsh|starch", f"{_NTH}|$", "march"),
    (
        "",
        "match|much",
        (
            rf"(?:the )?(?:{_TENS}|{_TEENS}|\w+(?:teen|ie)th|sixth|fifth|fourth|first|second|third)(?! "
            rf"(?:{_SCALE}|{_UNIT}))"
        ),
        "march",
    ),
    (
        "first of|second of|third of|[a-z]+th of|[0-9]+th of|end of",
        "marsh|match|starch|much|arch",
        "",
        "march",
    ),
    ("", "a pril|aprill|april s|ape rill|ape real|a prill|eight real", "", "april"),
    ("", "feb|febuary|february s", "", "february"),
    ("", "jan", "!speaking|is|here", "january"),
    ("", "apr", "", "april"),
    ("", "aug", "", "august"),
    ("", "sep|sept", "", "september"),
    ("", "oct", "", "october"),
    ("", "nov", "", "november"),
    # Ordinals.
    (
        "the|twenty",
        "forth|forths|for th|four th|fort|fourths|force|forced|fours",
        "!floor|rail|of law",
        "fourth",
    ),
    ("", "forth", "of|$", "fourth"),
    ("twenty|thirty", "fist|thirst|furst|worst|burst|firsts", "", "first"),
    ("twenty", "seconds|sec and|second s|segond", "", "second"),
    ("twenty", "turd|thud|bird|word|herd|heard|thirds|their d|third s", "", "third"),
    ("twenty", "fit|fits|fifths|filth|fish|fifth s", "", "fifth"),
    ("twenty", "sick|sicks|sixths|six th|sixes", "!dollars|bucks|pounds", "sixth"),
    ("twenty", "heaven th|sevens|heavens|seven th|sevenths", "", "seventh"),
    ("twenty", "ates|eights|eighths|hates|eight th|ape", "", "eighth"),
    ("twenty", "nights|nines|nine th|ninths|knights", "", "ninth"),
    ("", "twenty if|twenty eth|twenty ith|twenties|twentyeth|twenty s|plentieth", "", "twentieth"),
    ("", "thirty eth|thirty ith|thirties|thirtyeth|thirty if|dirtieth", "", "thirtieth"),
    (_THE, "fist|thirst|furst|firsts|worst|forced", "", "first"),
    (_THE, "turd|thud|bird|thirds|herd|heard|ford", "", "third"),
    (_THE, "fit|filth|fif|fish|fifths|fits", "", "fifth"),
    (_THE, "sicks|sixths|six th|sick", "", "sixth"),
    (_THE, "heaven th|sevenths|seven th|heaven", "", "seventh"),
    (_THE, "eight th|eights|eighths|ape|ate", "", "eighth"),
    (_THE, "nights|nineth|ninths|nine th|knife", "", "ninth"),
    (_THE, "tense|tent|tens|tents|tenths|tend", "", "tenth"),
    ("", "twelf|twelfths|twelve th|twelveth|elf th", "", "twelfth"),
    ("the", "eleventh s|elevens|eleven th|a leventh", "", "eleventh"),
    # Numbers and money.
    ("", "to|too", f"{_SCALE}|o clock|clock", "two"),
    ("", "won|wan", f"{_SCALE}|o clock|{_TENS}|{_TEENS}|month|oh", "one"),
    ("", "ate|hate|aid", f"{_SCALE}|o clock|{_UNIT}|{_TENS}|oh", "eight"),
    ("", "tree|free", f"{_SCALE}|o clock|{_TENS}|months|oh", "three"),
    ("", "for|fore", "o clock|clock", "four"),
    ("^", "for|fore", f"{_SCALE}", "four"),
    ("pay|send|do|manage|give|owe|of|about|only|is|spare|you|ye|bring|drop", "for|fore", f"{_SCALE}", "four"),
    ("", "sex|sicks|sick|sits", f"{_SCALE}|o clock|{_TENS}|months", "six"),
    ("", "heaven|sven|severn", f"{_SCALE}|o clock|{_TENS}", "seven"),
    ("", "nein|line|mine|nigh", f"{_SCALE}|o clock|{_TENS}", "nine"),
    ("", "fife|hive|fie", f"{_SCALE}|o clock|{_TENS}", "five"),
    (_TENS, "for|fore", f"{_NUMBER}|{_UNIT}|$", "four"),
    (_TENS, "to|too", f"{_TENS}|{_UNIT}|hundred|$", "two"),
    (_TENS, "won|wan", "", "one"),
    (_TENS, "ate|hate", "", "eight"),
    (_TENS, "tree|free", "", "three"),
    (_TENS, "sex|sicks|sick", "!leave|pay", "six"),
    ("pay|send|do|give you|owe|manage", "to|too", f"{_TENS}", "two"),
    ("", "fourty|forti|fortie", "", "forty"),
    ("", "for tea|four tea", f"{_UNIT}", "forty"),
    ("", "ninty|nightie|ninety s|nine tea", "", "ninety"),
    ("", "fitty|fiddy|fifties|fif tea|fifthy", "", "fifty"),
    ("", "dirty|thirdy|thirsty|dirtie|thirtie", f"{_NUMBER}|{_UNIT}", "thirty"),
    ("", "sexty|sixthy|sick tea|sixties", "", "sixty"),
    ("", "heighty|eighthy|ate tea|weighty|eighties|eight tea", "", "eighty"),
    ("", "severity|seventies|heaventy|seven tea", "", "seventy"),
    ("", "twenny|twenny s|plenty|tweny", f"{_NUMBER}|{_UNIT}|$", "twenty"),
    ("", "fifteens|fifth teen|fifteen s", "", "fifteen"),
    ("", "hundreds", f"and|{_NUMBER}", "hundred"),
    ("", "hundrit|hundert|hunnerd|hundrids|hunted|hun dread|hundrid|handred|hundred s", "", "hundred"),
    (f"a|{_ONES}|{_TEENS}", "thousands|thou sand|thou|thousand s|house and", "", "thousand"),
    (_NUMBER, "sense|scents|sents|cent s|sends|since", "!the|i|we|my|nineteen|last", "cents"),
    (_NUMBER, "box|books|backs|bugs|bux|buckets|buck s|bulks|bocks", "", "bucks"),
    (
        _NUMBER,
        "dollar s|dollers|collars|dolor|dolla|dolls|dullards|callers|dallas|doulas|dolors|scholars|dollas",
        "",
        "dollars",
    ),
    (_NUMBER, "quick|squid|quit|kid|quids|quiz|quits", "!calling|ringing|on", "quid"),
    (_NUMBER, "you an|you on|you one|juan|yuans|yen", "", "yuan"),
    (_NUMBER, "kwai|quai|kuais|kway|quiet|kwhy|kwy", "", "kuai"),
    (_NUMBER, "grant|grande|brand|grands", "", "grand"),
    ("the|and the|then the", "udder|utter|otter", "", "other"),
)
