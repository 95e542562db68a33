"""English: the table of mishearings, paying and the rest; written as in ``misheard_days_en``."""

from __future__ import annotations

_IT = "it|this|that|the|my|them"

MISHEARD_WORDS: tuple[tuple[str, str, str, str], ...] = (
    # Paying.
    (
        "to|will|can|could|already|going to|not|i|just|and|or|would|please|you",
        "play|pray|bay|pae|payee",
        "it|the|you|that|this|on|by|in|off|for|tomorrow|today|next|now|a|half|my|all|with|through|monday|friday|$",
        "pay",
    ),
    ("", "played|prayed|payed|pade|payd|peyd|pay id|pay ed|paid s|payday it", "", "paid"),
    (
        "already|been|have|has|got|is all|is already",
        "pain|pad|pate|page|pale|bade|raid|aid",
        "it|that|this|the bill|in full|already|for|$",
        "paid",
    ),
    ("i|we", "pain|pad|pate|page|pale|bade|raid", f"{_IT}|already|you|in full|on|last", "paid"),
    ("", "pay mant|pay mants|paymen|pay meant|payments s|pavement|paymint|pay mint|pay men", "", "payment"),
    ("i|you|we|was|were|have|already|money|it|had|just|been", "scent|cent", "", "sent"),
    ("", "kettle|subtle|saddle|cattle|metal", "it|everything|the bill|all|up|this|that", "settle"),
    ("clear|settle|pay|the|for", "hole", "", "whole"),
    ("to|can|could|would|just|better|i|must|please|you", "weight", "", "wait"),
    ("", "weight", "until|till|for|a", "wait"),
    ("", "hold of|hold offer|hold often|holed off", "until|till|on|for|a|paying", "hold off"),
    (
        "",
        "bush|posh|puss|pushed|bosh",
        "it back|that back|this back|the payment|the date|it out|it to|it by",
        "push",
    ),
    ("", "post pone|postbone|post phone|post pond|post bone|postpones|post pawn", "", "postpone"),
    ("", "de fur|defur|the fur|the fair|differ", "it|the payment|this|that|by", "defer"),
    ("an|any|some|the|extra", "ex tension|extinction|eggs tension|extensions|ex tent ion", "", "extension"),
    ("", "ex tend|extent|extended", "it|the|this|by|my", "extend"),
    ("", "spit|spilt|splint|slit|splits|spritz|spliff", "it|this|that|the|up|into|in", "split"),
    ("", "spreading|bread|sprayed|spread s|thread", "it|this|that|the|over|out", "spread"),
    (
        "",
        (
            "in stallments|in stall ments|in stall mints|in stalments|in stalment|in stallment|in stall "
            "meant|installment s|instalments|instalment|stall mints|stallments|installations|instal ments|"
            "install meant|install mints|install ments|in stole mints|in store ments|installation plan|emi|"
            "emis|e m i|e m is|stallment"
        ),
        "",
        "installments",
    ),
    ("my|your|checking|bank|savings|our|the", "a count|accounts s|account s|uh count", "!of", "account"),
    ("", "a ford|afored|affored|off ord|afforded", "", "afford"),
    (
        "got|get|been|was|were|is|being",
        "late off|layed off|lead off|made off|lay off|laid of|lay doff|laid of from|lade off",
        "",
        "laid off",
    ),
    (
        "",
        (
            "direct debt|direct debits|direct devit|direct debut|direct debate|direct depot|direct edit|"
            "direct debited|direct debbie|direct rabbit|direct credit|direct dabbit|the wreck debit|direct deb it"
        ),
        "",
        "direct debit",
    ),
    ("by|through|via|set up a|set up", "direct deposit", "", "direct debit"),
    (
        "",
        (
            "auto pray|auto play|auto bay|auto page|auto pays|auto pie|auto pain|auto pay|auto payment|"
            "autopayment|otto pay|auto paid|author pay|auto pea"
        ),
        "",
        "autopay",
    ),
    (
        "",
        "we chat|wee chat|v chat|we chatted|reach at|wechats|weak chat|week chat|we cheat|we chap",
        "",
        "wechat",
    ),
    ("", "which at|we shut", "pay", "wechat"),
    (
        "",
        (
            "alley pay|ally pay|allie pay|ali pay|holly pay|olly pay|a li pay|alipays|alipe|alley pray|ally "
            "play|ali play|ellie pay|al e pay"
        ),
        "",
        "alipay",
    ),
    (
        "",
        (
            "net bank|net banking|netbank|internet banking|online banking|knit banking|nett banking|neat "
            "banking|net backing|next banking|met banking"
        ),
        "",
        "netbanking",
    ),
    ("", "n e f t|neff|naft|nept|any ft", "", "neft"),
    ("", "i m p s|imp s|imps s|im ps", "", "imps"),
    ("bank|wire", "transferred|trance fur|trans fur|trance for|transfur|transfers|tranfer", "", "transfer"),
    ("a|your|the|by|my|with|use|on", "visor|vesa|visas", "!down", "visa"),
    ("", "master card|master cart|master guard|mastered card", "", "mastercard"),
    ("credit|debit|bank|with|my", "cart|cord|guard|cared|car d|cad|card s", "", "card"),
    (
        "",
        "credit guard|credited card|debt card|debut card|debate card|death card|debted card",
        "",
        "debit card",
    ),
    (
        "the|your|bank|a|cash",
        "count her|cownter|kounter|encounter|counsel|country|count a|counter s",
        "",
        "counter",
    ),
    # The bill and what is wrong with it.
    (
        "my|the|this|that|your|electric|electricity|gas|water|phone|internet|hospital|medical|of|last|pay",
        "bell|build|bull|pill|bille|bile",
        "!rings?|rang|in|back|at|later|tomorrow|around|pepper",
        "bill",
    ),
    ("hospital|medical|my|the|of|your|electricity|pay", "bells|builds|bulls|pills|bilges", "!ring", "bills"),
    (
        "",
        (
            "meet her|meat her|meet er|meat er|mitre|metre|metre s|meteor|meta|meater|meatier|mete er|meeter|"
            "neater|me tar"
        ),
        "!at|for|in|to|on|pay|call|manager|person|you",
        "meter",
    ),
    ("", "metres", "", "meters"),
    ("meter", "redding|breeding|wedding|leading|reed in|reeding|reeling|readings s|ridding", "", "reading"),
    (
        "late|hidden|extra|service|admin|cancellation|connection",
        "feet|feed|flea|fleas|fi|feel|fever|feat|v",
        "",
        "fee",
    ),
    ("which|what|these|those|extra|the|all|hidden", "chargers|charge s", "", "charges"),
    (
        "loyalty|senior|promised|student|occupancy|early bird|person|a|the|my|new customer|online",
        "disco|discos|dis count|this count|discord|miscount|disc count",
        "",
        "discount",
    ),
    ("late|the|a|service|roaming|standing", "charger|charge s|chart", "", "charge"),
    (
        "new|old|my|the|former|previous|last",
        "tenet|tenets|tennant|tenon|tenants s|ten ant|tennis",
        "",
        "tenant",
    ),
    (
        "",
        "over charged|overcharge|over charge|over charge d|over chart|over charred|overcharge d|other charged",
        "",
        "overcharged",
    ),
    ("the|my|wrong|this|your", "terrace|tarif|tear if|tariffs|terrify|sheriff", "", "tariff"),
    (
        (
            "when is it|when was it|when is that|when was that|when is this|when is the bill|when are they|"
            "when it is|it is|is it|money is"
        ),
        "do|dew|jew|duo|doo",
        "$",
        "due",
    ),
    ("", "do date|dew date|jew date|duo date|do day|dew day|due day|due dates|dude eight", "", "due date"),
    ("the|a|my|what is the|final|is the", "dead line|headline|bed line|dead lion|deadlines", "", "deadline"),
    ("", "out standing|outstanding s", "", "outstanding"),
    ("", "break dawn|break town|brake down|break don|break down s", "", "break down"),
    # Persons, requests, threats.
    (
        "got the|have the|is the|the|got a|have a|a|got|sorry|got your",
        "long|run|rung|wrung|strong|song|ron|rong",
        "number|person|house|man|guy|phone",
        "wrong",
    ),
    (
        "^",
        "speak in|peaking|sneaking|squeaking|speak king|beaking|speak ing|speaking s|speed king",
        "$",
        "speaking",
    ),
    (
        "yes|yeah|yep|hello",
        "speak in|peaking|sneaking|squeaking|speak king|beaking|speak ing",
        "$",
        "speaking",
    ),
    ("you are", "walking|taking|balking|talk in|stalking|walkin", "to|with", "talking"),
    ("i am|still|while", "diving", "!in|into|at|with", "driving"),
    (
        "call|ring|phone|get|call me|ring me|phone me|get me|call him|call her|call us|ring us|get her|ring her",
        "bag|bark|black|pack|bach|beck|bat|bike|pac|buck",
        "!to|to him",
        "back",
    ),
    (
        "call|ring|phone|text|send",
        "be|mi|knee|mean|mow|meat|bee",
        "back|later|tomorrow|again|at|on|the",
        "me",
    ),
    ("", "tax|taxed|tex|tacks|tecks|taxi|test|tags", "me|us|it to|that to|the link|to my", "text"),
    ("could|can|you", "taxed|tacked|tax|test", "to my|to me|to us", "text"),
    ("", "sent|scent|sand|cent|bend|end|sell", "me the|me a|me that|me it|us the|it to me", "send"),
    (
        "payment|the|that|your|pay",
        "ink|lynx|lick|pink|blink|links|leak|drink|rink|length",
        "!of|cartridge",
        "link",
    ),
    ("payment|send me the|send the|text me the", "think|blink|pink|ink|thing", "", "link"),
    (
        "",
        "super visor|soup visor|super adviser|supervise her|super vice or|superviser|super vision|supper visor",
        "",
        "supervisor",
    ),
    ("a|an|the|your|real|human|live", "asian|aged|ancient|adjent|age ant|edge ent|a gent|aging", "", "agent"),
    ("a|your|the|my", "man edger|man ager|manger|menager|manage her|man itch her", "", "manager"),
    ("real|live|actual|human", "parson|purse on|percent|pearson|prison|purson|poison", "", "person"),
    ("", "humane|you man|hue man|humid|hew man|yoo man", "being|person|agent|operator|help|$", "human"),
    ("my|our", "liar|lyre|layer|loyal|lower|law year|loya|lawyers|lawya|loyer", "", "lawyer"),
    (
        "my|our|a",
        "elicitor|solicit her|solicit a|solicit or|so lister|sol is it or|solicitors|list her|solicitude",
        "",
        "solicitor",
    ),
    (
        "the|telecommunications|financial|energy|to",
        (
            "on buds man|ombuds man|ombudsmen|om buds man|on bud s man|omni bus man|and buds man|ambush man|"
            "um buds man|on boots man|ombudsman s|omnibus man|armbands man"
        ),
        "",
        "ombudsman",
    ),
    (
        "a|formal|official|file a|make a|an official",
        "com plaint|complaints|come plaint|complain|compliant|complain t|plaint",
        "",
        "complaint",
    ),
    ("", "harass mint|hair ass ment|her ass ment|harassmint|harness ment|harass meant", "", "harassment"),
    (
        "",
        "row bot|row boat|row bought|row but|rob ott|rowboat|robo|robots|roe bot|road bot|rob art",
        "",
        "robot",
    ),
    ("", "robert", "or|are|$", "robot"),
    ("an|you|a|some|this", "a i|eye|ay eye|a eye|hey i", "or|$|voice|thing|robot|yokes?|bot", "ai"),
    ("a|one|good|bad|this|next|long|best|more|right|great", "thyme|thymes|tyme", "", "time"),
    ("", "cheque|check s|cheques", "", "check"),
    ("", "heat or heat|heat or eat|eat or heat|heating or heating", "", "heating or eating"),
    # Everyday neighbours.
    ("", "threw|thru|thorough", "", "through"),
    ("", "wood|woood", "be|like|that|you|it|not|i|have|work|do", "would"),
    ("that|i|it|you", "wood", "", "would"),
    ("that is|all|too|am i|you are|is that", "write|wright|rite|wight", "", "right"),
    ("", "write|wright|rite", "now|so|then|away", "right"),
    ("will be|is|not|am|be|person|over|live|nobody|no one|get", "hear", "", "here"),
    ("", "you no", "!longer|more", "you know"),
    ("not|like to|do not|want to|to", "no", "!more|one|longer|avail", "know"),
    ("", "tolled", "", "told"),
    ("call", "cull|kull|coal", "list", "call"),
    ("", "cull list|coal list|calling least|call least", "", "call list"),
    ("", "a gain|agen|a game|a gin", "$", "again"),
    ("", "half passed|half pass|half post|half parse|half fast", "", "half past"),
    ("", "quarter passed|quarter pass|quarter post|quarter parse|corner past|water past", "", "quarter past"),
    ("", "quarter too|quarter two|quarter of|corner to|water to", "", "quarter to"),
    ("", "oh clock|a clock|of clock|o cock|oclock|oh cock|o clocks", "", "o clock"),
)
