"""English: the phrases by which an intent is recognised, over normalised text (``normal_en``)."""

from __future__ import annotations

import re

KIN = (
    r"(wife|husband|hubby|missus|partner|girlfriend|boyfriend|son|daughter|kid|mum|mom|mother|ma|"
    r"dad|father|brother|sister|aunt|uncle|grandma|grandmother|nan|gran|grandad"
    r"|grandfather|granddaughter|grandson|flatmate|housemate|roommate|colleague|coworker|"
    r"co worker|boss|assistant|secretary|carer|cousin|nephew|niece|neighbou?r|landlady|landlord|"
    r"friend|mate|in law)"
)
_HE = (
    rf"(he|she|they|(my|his|her|the) {KIN}|mum|mom|dad|mr \w+|mrs \w+|miss \w+|ms \w+|the (person|guy|"
    rf"lady|owner|account holder|man|woman))"
)
_RULES: tuple[tuple[str, str], ...] = (
    (
        "recording_refused",
        (
            r"(do not|not|stop|refuse|never|object|without)( \w+){0,4} (recorded|recording|taped?"
            r"|record (me|us|this|it|my|the|any"
            r"|anything|calls?)\b(?! of))|\bno recording|\bdo not record$"
        ),
    ),
    (
        "deceased",
        (
            r"passed (away|on)\b|\bdied\b|\bis no longer (with us|alive|living)\b"
            rf"|({_HE}|person|sir) (is|was|has been) (dead|deceased|no more)\b|{_HE} (has |had )?expired\b"
            r"|(^|he|she|they) (is |are )?(dead|deceased)$|lost (him|her) (last|in|to|two|a)"
            r"|(he|she) (is|has) gone to (heaven|god)"
        ),
    ),
    (
        "minor",
        (
            r"\bi am (only |just )?(six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|"
            r"[6-9]|1[0-5])( years old| yrs)?$|i am (just |only )?a (kid|child)|(mummy|daddy|"
            r"my parents) (is|are) (not|out|at)"
        ),
    ),
    (
        "repeat",
        (
            r"(say|repeat|come) (that |it )?again\b|pardon( me)?\b|what did you say|did not (hear|catch|"
            r"get) (you|that|what)|can not hear|speak up|repeat (that|please|it)|you are breaking up|"
            r"\bsay what\b|slow down|more slowly"
        ),
    ),
    (
        "wait",
        (
            r"^((hold|hang) on|wait|just a|one|give me a|bear with me)( a| one| just)?( minute| moment|"
            r" second| sec| mo| tick)?( please)?$"
        ),
    ),
    (
        "identity_deny",
        (
            r"wrong (number|person|house|guy|lady|man|woman|chap|fella|bloke|party|one)|(no one|"
            r"nobody|no body|no person|there is no|is no|do not have (a|any)|not any)( one| body|"
            r" person)?( here| in this \w+| at this \w+)*( by| of| with| called| named| goes|"
            r" like)+( \w+){0,3}( name)?"
            r"|not (him|her)\b|(this|that|it|i) (is|am) not (him|her|he|she|his|the (person|guy|one|"
            r"owner)|mr|mrs|miss|my (name|phone|number))|that is not (me|my name)|(is|"
            r"it) not me\b(?! who| that)"
            r"|do not know (him|her|them|that person|anyone|any|anybody|this person|who that|such|no)|"
            r"never heard of|no such (person|name)|(got|have|has|dialled|dialed|called|"
            r"reached) (the )?wrong|(he|she|they|that person) (does|do|has|have) (not|"
            r"no longer)( \w+)? (live|stay|work|own|use)( \w+)? ?(here|there|number)?|(moved|"
            r"moved out|gone) (away )?(ages|years|long|months) ago|(just |recently )?(got|"
            r"bought) this (number|sim|phone)|(new|my new) number|changed (hands|owner)|"
            r"my name is (not|n t)|(he|she) (is|has) (moved|long gone)|no longer (at|on) this (number|"
            r"address)|mistaken (identity|me)|you (want|mean|are looking for|are after) (someone|"
            r"somebody) else"
        ),
    ),
    (
        "third_party",
        (
            rf"\bi am (just )?(his|her|their|the) {KIN}\b|\b(this|it) is (his|her|their|the) {KIN}\b|"
            rf"{_HE}( is| are| has| have)( \w+)?? (not (here|in|home|available|around|back|at home|"
            rf"with me|able)|out|away|at work|at school|at church|working|asleep|sleeping|in bed|"
            rf"on (holiday|vacation|leave|shift|nights|a call|another)|abroad|overseas|travelling|"
            rf"traveling|in (the )?(hospital|shower|bath|prison|jail|garden|kitchen|toilet|loo|another|"
            rf"a meeting|office|gym)|busy|gone (out|to)|popped|stepped|left (her|his|the|for)|driving|"
            rf"unwell|ill|sick|at the (shop|gym|doctor|office|store|market))"
            rf"|{_HE} (will be|will not be|should be|would be|is|gets|comes|come) (back|home|in)\b|"
            rf"speaking on (his|her) behalf|(his|her) (wife|husband|son|daughter|mother|father|brother|"
            rf"sister)\b(?!.*(paid|pays my))|(take|leave|pass on|give (him|her)) a message|"
            rf"answering (for|his|her)|(her|his|my {KIN}) (phone|mobile|cell)\b|i (will|can|could|"
            rf"shall) (tell|let|inform|ask|get) (him|her|them)|(talk|speak) to (him|her|"
            rf"my {KIN})\b(?! and)|{_HE} (deals?|handles?|pays?|looks?|takes?|does|manages?|sorts?|"
            rf"is in charge|is dealing|takes care)( with| after| of| the| all| that| everything| out)"
            rf"|(it|that|this) is (my|his|her) {KIN}( s)? (phone|account|bill|number|thing|"
            rf"department)|my {KIN} (is not|has|handles|does)|just (picked|answering)|(he|"
            rf"she) can not (come to|talk|speak|take)|works here but|lives here but"
        ),
    ),
    (
        "identity_confirm",
        (
            r"^(yes |yeah |hello |hi |yep |aye |ya |ok )*speaking\b(?! of| to)|this is (he|she|him|"
            r"her|me|myself|\w+ speaking)\b(?! (husband|wife|son|daughter|mother|father|phone))|(that|"
            r"it) is me\b(?!.*not)|that would be me|^(yes |yeah |yep |hello )*(yes )?i am( he| she|"
            r" him| her)?$|i am (he|she|him)\b(?! \w+ (wife|husband))|you are (speaking|talking) (to|"
            r"with) (him|her|me)|(the )?(one|only) and only|you (have )?(got|found|reached) (me|him|"
            r"her)|^(yes |yeah )*(it is )?(me|myself)( here)?( speaking)?$|in person|"
            r"\bi am the (account holder|owner|one you)|(he|she) is speaking|same person"
        ),
    ),
    (
        "request_human",
        (
            r"(real|live|human|actual|proper) (person|agent|being|operator|human|advisor|"
            r"someone)(?! or)|\b(a|to|want|an|get me|need|any) (person|human|agent|operator|"
            r"representative|rep|manager|supervisor|advisor|adviser|human being)\b(?! (or|from|go|pay|"
            r"pays|supposed|to pay|can pay) )(?! (pay|go))|"
            r"(?<!am i )(?<!never )\b(speak|talk|speaking|talking) (to|with) (someone|somebody|anyone|a "
            r"(?!machine|robot|bot|computer)|an (?!ai)|your (manager|"
            r"supervisor|boss|team|staff|colleague)|an? actual|the manager|customer)|"
            r"customer (service|care|support)|^(agent|operator|representative|person|human|advisor|"
            r"reception)( please)?$|\b(transfer|connect|put) me( through| over)?( to)?(?! (down|on (a|"
            r"the)|on|in|off)\b)|"
            r"get me (someone|somebody|your)|(someone|somebody) (human|real|in charge|who can)|"
            r"not (talk|speak)(ing)? to (a |no |you )?(machine|robot|bot|computer)|(?<!tell )(?<!told "
            r")\byour (manager|"
            r"supervisor|boss)\b"
        ),
    ),
    (
        "request_callback",
        (
            r"(?<!my )(?<!the )(?<!his )(?<!her )(?<!your )(?<!this )\b(call|ring|phone|buzz|try|contact|"
            r"telephone)( (me|us|him|her|again|back|"
            r"this number))* (back|again|later|tomorrow|in (a|an|half|ten|twenty|thirty|fifteen|five|"
            r"two|three|one|the)|after|this (evening|afternoon)|at (?!all)|on (mon|tue|wed|thu|fri|"
            r"sat|sun|my|the \w+)|another|around|some other|next|tonight|when|once|before|between|"
            r"past|half|monday|tuesday|wednesday|thursday|friday|saturday|sunday)|(callback|"
            r"call back)|\b(ring|call|phone) (me |us )?back|\bget (me|us|back to me)( back)?\b(?= back|$)|"
            r"speak (to me |again )?(later|"
            r"tomorrow)(?!.*pay)|give me a (call|ring|bell|buzz|shout)( \w+)? ?(back|later|tomorrow|"
            r"at|after|on|in|around)?|better time (is|would)|\b(catch|get|reach) me (at|after|later|"
            r"tomorrow)|later (today|tonight|on) (is|would be|works)|do the needful later"
        ),
    ),
    (
        "busy_now",
        (
            r"\bi am (\w+ )?(busy|driving|working|at work|at the|in (a |the )?(meeting|middle|car|"
            r"hospital|shop|traffic|class|gym|office|shower|bath|court)|eating|cooking|not free|"
            r"on (the|a) (bus|train|road|phone|call|other|tube|metro|motorway|bike)|having (lunch|"
            r"dinner|breakfast|my)|about to|just (about|heading|going|leaving|walking)|rushing|"
            r"running|tied up|with (a|my) (client|customer|doctor|kid|patient))|\bbusy\b|(bad|"
            r"not a (good|great|convenient)|awkward|wrong) (time|moment)|can not (really |"
            r"just )?(talk|speak|chat)\b|no time|in a meeting|not now\b|(not|is not) convenient|"
            r"bit tied up|middle of (something|a|my|dinner|work)|got (my )?hands full|(talk|"
            r"speak) later|^later( please)?$|maybe later|some other time|have to go|got to (go|run|"
            r"dash)|must go|in a rush|rushing"
        ),
    ),
    (
        "stop_calling",
        (
            r"(stop|quit|cease) (calling|phoning|ringing|harassing|bothering|contacting|pestering|"
            r"hassling|bugging|annoying|with (the|these) calls|disturbing|all (the|these)|it with)|"
            r"(?<!\bi )(?<!we )(?<!they )\b(do not|never|dare not|please not|not to)( you)?( ever| dare| keep)*"
            r" (call|calling|phone|phoning|ring|ringing|contact|contacting|bother|disturb|dial)\b(?! early| before)"
            r"|(do not|not) (want|wish|like|need|expect)( you| anyone| any| these| your)?( to| people to)?( be)?"
            r" (call|called|calls|calling|phone|phoning|ring|ringing|contact|contacted)"
            r"|no more calls|take (me|my|this|us) ?(\w+ )?(off|"
            r"out)|remove (me|my|this|us)|(leave|let) me (alone|be|in peace)|(keep|always|constantly|"
            r"forever|kept) (on )?(calling|harassing|ringing|phoning|bothering)|delete (my|"
            r"this) number|\bunsubscribe\b|do not call list|(lose|block|blocking) (my|this|"
            r"your) number|opt out|enough (of|with) (the|these|your) calls"
        ),
    ),
    (
        "ask_if_robot",
        (
            r"(are you|is this|is that|am i (talking|speaking|chatting) (to|with)|you are|"
            r"are we talking to|this is|sounds? like|i talking to) (really |even |actually |just |"
            r"maybe )?(a |an |one of those )?(robot|machine|computer|bot|ai|a i|real|human|recording|"
            r"recorded|person or|person$|automated|chat ?bot|actual|live|talking to a (machine|robot)|"
            r"pre ?recorded|siri|alexa)|(robot|machine|bot|ai|computer) or (a |an )?(human|person|"
            r"real|what)|(human|person|real) or (a |an )?(robot|machine|bot|recording|computer)|"
            r"\byou a (robot|bot|machine|human|person)"
        ),
    ),
    (
        "ask_payment_method",
        (
            r"(how|where|which way) (can|do|should|could|would|may|shall|will|am|else can) (i|"
            r"we) (go about |supposed to |actually |go to )?(pay|make|settle|send|do (it|the payment|"
            r"that)|transfer|clear)|(ways?|methods?|options?|mode|modes) (to|of|for) (pay|payment)|"
            r"(payment|paying) (options?|methods?|modes?)|(can|could|may|is it possible|possible|"
            r"able) (i |we |to )+(\w+ )?(pay|use|do it|settle|transfer|put it)( \w+){0,3} ?(by|with|"
            r"via|through|using|on|over|my|at|from|in cash|cash)( |$)(?!.*(month|week|later|friday|"
            r"monday|two|three|half|part))|do you (\w+ )?(take|accept|do|support|have)( \w+)? ?(card|"
            r"cards|visa|mastercard|cash|paypal|wechat|alipay|check|direct|bank|autopay|netbanking|"
            r"online|an app|upi)|(pay|payment) (by|with|through) what|(account|sort code|"
            r"bank) (number|details)|where (to|do i) pay|(bank|payment) details|pay (online|"
            r"over the phone)( |$)(?!.*will)|is there an app|(is it|thought it was|was it|is that|"
            r"it is) (not )?(on|by|set up (on|for)) (autopay|direct debit)|set up (a )?(direct debit|"
            r"autopay)|how to pay"
        ),
    ),
    (
        "ask_due_date",
        (
            r"when (is|was|are) (it|this|that|they|the \w+|my \w+)( \w+)? ?(due|payable|to be paid)|"
            r"(what|which) (is|was|s)? ?(the |my |its )?(exact )?(due date|deadline|last (date|day)|"
            r"final date|cut ?off|latest)|\bdue date\b|(latest|last|final) (date|day)|by when|(what|"
            r"which) (date|day) (is|was|do|does|must|should|am) (it|i|this|that|the)( \w+)? ?(due|"
            r"have|need|pay|supposed|be)|when (do|must|should|does) (i|it|this|that) (have to|need to|"
            r"must)|how (long|many days|much time) (do i have|have i got|left|overdue)|deadline|"
            r"how (late|overdue)|when (do|does) (you|i) (need|want) (it|this|the money)"
        ),
    ),
    (
        "ask_fee_breakdown",
        (
            r"what (is|was|are|s)( all)? (this|that|it|these|those|they|the (charge|bill|money|amount|"
            r"fee))( \w+)?( \w+)? for|(what|which) (is|are|was|were) (the|this|that|these|those|"
            r"all (the|these)|in the|on the|included)( \w+)? ?(charges?|fees?|items?|extras?|made|"
            r"included)|break ?down|break (it|that|this) down|itemi[sz]ed?|"
            r"what (exactly )?am i (paying|being charged) for|how (did|do) you (get|come|work|arrive|"
            r"calculate|reach)( \w+){0,3}|how (is|was|has) (it|that|this|the \w+) (worked|calculated|"
            r"made|been)|(explain|details of|go through|detail) (the|my|this|that|these|"
            r"those)?( \w+)? ?(bill|charges?|fees?|amount|figure|it)|what does (it|that|"
            r"this) (include|cover|consist)|(which|what) months?( is| does| are|$)|made up of|why (is|"
            r"am|are|was) (there|i|you)( \w+)? ?(a |charged|charging|being|late|fee|service|admin)|"
            r"what late fee|what fees?\b"
        ),
    ),
    (
        "ask_amount",
        (
            r"how much (?!time|longer|more time|notice)|how much$|what (is|was|s) (the|my|that|"
            r"this)( \w+)? ?(amount|balance|total|figure|sum|damage|outstanding|bill)(?! for| wrong)|"
            r"what do i (owe|have to pay|need to pay)|(tell|remind) me (the|my) (amount|balance|total)|"
            r"(amount|total|figure|balance) again|owe you$|what am i owing|what i owe|exact (amount|"
            r"figure)"
        ),
    ),
    (
        "ask_identity",
        (
            r"who (are|is|am|s) (you|this|it|that|calling|speaking|i (talking|speaking))|"
            r"who (the \w+ )?(are you|is this)|(which|what) (company|firm|organi[sz]ation|bank|agency|"
            r"department|outfit)|where (are|is|do) (you|this|the call) (calling|ringing|phoning|from|"
            r"call)|\bscam\w*|fraud|phishing|is (this|it|that) (legit|real|genuine|for real|"
            r"legitimate|official|a joke|a prank|a con)|you are (legit|genuine|real|from)|(prove|"
            r"verify|proof|know|sure) (who|that|you|it|this)( \w+)? ?(you|are|is|legit|genuine|real|"
            r"say)|what is (this|it|that) (about|regarding|concerning|in relation|all about)|"
            r"what do you want|why (are|do|would|should) (you|i)( \w+)? ?(calling|ringing|phoning|"
            r"need|want|give|tell|ask|asking|have to|got)(?!.*pay)|how did you get (my|this)|"
            r"who gave you|what (company|is your (name|company))|your name|from where|"
            r"on behalf of (who|whom)|whom am i|who wants to know|regarding what|about what|"
            r"calling (from|about)$|what (for|about)$"
        ),
    ),
    (
        "send_link",
        (
            r"(send|text|email|e mail|message|whatsapp|ping|sms|forward|mail|shoot|drop)( (it|me|us|"
            r"that|over|through|on|to))*( (a|the|that|it|your|this|some|my|payment|secure|"
            r"something))*( (link|text|message|sms|bill|invoice|url|email|i can click|i can tap|"
            r"details))+|(send|text|email|message|whatsapp|sms|forward) (it|that|me|this)( over|"
            r" through| on| across| again)*( to)?( me| my)?( \w+)?$|(link|text|email) (me|please|"
            r"to me|would be|by (text|email|sms))|have (a|the) link|get (a|the) link|something (i can|"
            r"to) (click|tap)|send (it )?(by|via|on|through) (text|sms|email|whatsapp|message)|"
            r"drop me a (text|message|line)"
        ),
    ),
    (
        "request_installment",
        (
            r"installments?\b(?! (already|is wrong))|payment (plan|arrangement|scheme)|(pay|paying|do|"
            r"clear|settle|split|spread|break|divide|chop|stagger)( \w+){0,3} (in|into|over|across|up|"
            r"down|out|by)( \w+)? ?(parts|bits|pieces|chunks|stages|payments|months?|a year|the year|"
            r"twelve|six|three|few|couple|several|monthly|two|four|smaller|half)|(split|spread|"
            r"stagger) (it|the|this|that|them|my|payments?)|(monthly|weekly) (payments?|basis|plan|"
            r"amount|arrangement|installments)|pay (it |this |that )?(off )?(monthly|bit by bit|"
            r"in bits|gradually|slowly|a little|a bit (at|each|every)|so much|every month|each month|"
            r"per month|by month)|\bpay (it )?off over|(so much|something|a bit|a little|some|\w*ty|"
            r"\w+teen|hundred|dollars|bucks|pounds|yuan|[0-9]+|fortnight) (a|each|"
            r"every|per) month\b(?! (i|is|my|for my|disability|pension|before|and rent))|on a plan|set up "
            r"(a|some) plan|(pay|"
            r"take) (it )?over (three|six|twelve|a|the|\d+)"
        ),
    ),
    (
        "request_deferral",
        (
            r"(more|extra|some|additional|bit of|little|longer) time\b|(a )?(bit|little) longer|"
            r"extension|\b(extend|postpone|delay|defer|push|move)( (?!out\b|here\b|in\b|house\b)\w+){0,3} "
            r"?(back|off|to|till|"
            r"until|it|the|by|payment|date|deadline|this|that)\b|\bput( it| this| that| them| the \w+)+ "
            r"(back|off)\b|(can|could|will|may|am|"
            r"would) not (\w+ )?(pay|do|manage|make|settle|clear|afford|get|"
            r"be able to)( \w+){0,3} (until|till|before|by|unless|for|this (week|month))|(give|allow|"
            r"grant) (me|us)( \w+){0,3} ?(days?|weeks?|fortnight|months?|until|till|time|grace|"
            r"extension|chance|to the)|(another|have|need|want|get)( \w+){0,2} (week|weeks|month|"
            r"months|few days|fortnight|days|couple of days|extension|bit of time|grace)\b|(pay|"
            r"paying|do|settle)( it| this| that)? (later|next month|after|a bit later|"
            r"at a later)( \w+)?( \w+)?( \w+)? ?(please|ok|okay|possible|"
            r"alright)?$(?<!will pay later)|too (early|soon)|hold (off|it|fire) (until|till|for|a)|"
            r"grace( period)?|wait (until|till|for (my|the|a)|a (week|bit|few|couple|month))|(is it|"
            r"would it be|will it be|that be) (ok|okay|alright|fine|possible|a problem) (if|to) (i |"
            r"we )?(pay|paid|wait|settle|do|leave)|(can|could|may|would it be possible) (i|we|"
            r"you)( \w+)? (pay|settle|do it|leave|wait|have)( \w+){0,3} (until|till|on|by|after|next|"
            r"later|in|at|end|before|the)|(can|could) (we|i|you) (say|do|make it|leave it)|defer\w*|"
            r"leave it (until|till|to)|nothing (until|till|before)|bear with me (until|till)"
        ),
    ),
    (
        "complaint_threat",
        (
            r"complain(t|ing|ts)?\b|\bmy (lawyer|solicitor|attorney)|\b(sue|suing) you\b|\bsue\b|"
            r"legal action|(report|reporting) (you|this|your)|ombudsman|(call|go to|calling|ring|"
            r"tell) the (police|press|papers|news|media|regulator)|(a|hear from|speak to|hearing from|"
            r"see|get) (\w+ )?(lawyer|solicitor|attorney)|trading standards|\bofcom\b|\bofgem\b|"
            r"\bfca\b|\bcfpb\b|\bftc\b|\bbbb\b|better business|consumer (court|forum|protection|"
            r"affairs)|take (you|this|it) to (court|the)|(citizens advice)|\btrai\b|(post|put) (this|"
            r"it|you) (on|all over) (twitter|facebook|social|the internet|x)|harassment (case|charge|"
            r"complaint)|my m p\b"
        ),
    ),
    (
        "abusive",
        (
            r"\bf ?u ?c ?k\w*|\bshit\w*|\bbastards?|\bass ?hole|\barse(hole)?|\bidiots?|go to hell|"
            r"\bbitch|screw you|(piss|sod|bugger|naff|clear|shove|jog|eff|bog) off|\bbloody (hell|robot|"
            r"machine|idiot|fool|vultures|leeches|parasites)|\bmoron|\bstupid|\bwanker|\btosser|\bmuppet|"
            r"\bcrap\b|\bdamn (you|it|robot|machine)|shut up|get (lost|stuffed|knotted)|\bscum|bloodsuck|"
            r"vultures?|leeches|\bparasites?|\bthieves\b|\bcrooks?|rot in|drop dead|up yours|\bprick|"
            r"\bdick(head)?|\bcunt|\bpathetic|\bclown|\bdumb\b|son of a"
        ),
    ),
    (
        "hardship",
        (
            r"(no|not have (the|any|enough|that kind of|that much|a)|not got (the|any|enough|that|a)|"
            r"have no|have not (got )?(the|any|enough|a)?|short of|out of|ran out of|without|no spare|"
            r"got no|short on|low on) ?(money|cash|funds|penny|dime|cent|income|job|work|dollar|"
            r"wages)|lost (my|his|her|our) (job|work|business|husband|wife)|unemployed|(can|"
            r"could) not (\w+ )?(afford|make ends)|\b(broke|skint|bankrupt|destitute|"
            r"penniless)\b(?! the)|in (the )?hospital|laid off|made redundant|redundan(t|cy)|"
            r"got (fired|sacked|let go)|\b(fired|sacked)\b|struggling|hard (up|times?)|(money|things|"
            r"times|cash|it) (is|are)( \w+)? (tight|tough|rough|hard|difficult)|(tight|tough|rough|"
            r"difficult) (month|time|spot|patch|year|situation|at the moment)|out of work|"
            r"on benefits|on (the )?(dole|disability|sick|universal|furlough)|(had|have|having|need|"
            r"recovering from) (a |an |my )?(surgery|operation|stroke|accident|heart|cancer|chemo\w*)|"
            r"\b(cancer|chemo\w*|sick|ill|illness|medical bills?|hospital bills?)\b(?!.*(system|"
            r"sick of))|can not pay(?! (until|till|by|it until|before|that until|this until|with|by))|"
            r"financial(ly)? (difficult\w*|problem\w*|trouble\w*|crisis|hardship|struggl\w*)|"
            r"behind on (everything|rent|my|all)|choose between|feed(ing)? (my|the) (kids|children|"
            r"family)|\bno (salary|wages|pay)\b( \w+)? ?(yet|this|for|since)?|salary (is|has) (not|"
            r"delayed|late)|business (is|has) (slow|bad|closed|failed|down|shut)|single (mum|mom|"
            r"mother|parent)|\bdivorce|food bank|evict|barely (get|mak|surviv)"
        ),
    ),
)
COMPILED = tuple((intent, re.compile(pattern)) for intent, pattern in _RULES)

AFFIRM = re.compile(
    r"^(oh |ok |okay |hello |hi |ah |right |um )*(yes|yeah|yep|yup|yea|ya|aye|sure|correct|right|"
    r"okay|ok|fine|certainly|uh huh|mm hm+|mhm|go ahead|go on|righto|cheers|thanks|thank you|bye|"
    r"goodbye|will do|got it|understood|noted"
    r"|of course|absolutely|exactly|true|that is (right|correct|fine|it|ok|okay|good|perfect|"
    r"great|the one|all right)|i do\b(?! not)|it is(?! (not|a|the|on|my|too|wrong|way|just|in|"
    r"because))|sounds? (good|fine|great|about right|right)|all right|alright|no (problem|"
    r"worries)|i agree|i understand|i see|confirmed?|perfect|good|great|lovely|definitely|spot on|"
    r"works for me|that works|please do(?! not)|you (got|are right|bet)|very (good|well)|fair enough|haan|"
    r"haanji|ji|deal)\b"
)
_YES = (
    r"(yes|yeah|yep|yup|yea|aye|sure|correct|right|okay|ok|fine|please|that|is|it|i|do|am|exactly|"
    r"thank|you|thanks|confirm|good|got|understand|see|all|perfect|great|bye|goodbye|cheers|ta|the|go|"
    r"ahead|on|works|for|me|will|noted|have|a|day|nice|very|much|so|then|no|problem|worries|sounds|"
    r"absolutely|of|course|definitely|lovely)"
)
AFFIRM_ONLY = re.compile(rf"^{_YES}( {_YES})*$")
DENY = re.compile(
    r"^(oh |well |sorry |ah |actually |hello |um )*(no(?! problem| one| worries| money| way to)|"
    r"nope|nah|naw|no way|not (yet|really|correct|right|quite|that|true|at all|me|giving|telling|"
    r"interested|exactly|a)"
    r"|wrong(?! (number|person))|incorrect|that is (wrong|not|incorrect)|it is not|negative|never|"
    r"nothing( else)?|i (would|will) rather not|i am not (giving|telling|comfortable|saying|"
    r"happy)|(i )?do not (want|wish|think|agree|need)|i am good)\b"
)
NOISE = re.compile(
    r"^(ha|haha|hah|ah|oh|ooh|mm|hm|huh|hey|la|ow|achoo|cough|sigh|shh|eh|a|the|background|noise|"
    r"music|laughter)( (ha|haha|ah|oh|mm|hm|huh|la|a|the|eh|noise))*$"
)
UPSET = re.compile(
    r"(sick|fed up|tired) (of|with)|every (single )?day|keep (calling|ringing|phoning)|"
    r"kept (calling|ringing)|harass|ridiculous|disgust|unacceptable|how dare|for (god|christ|"
    r"heaven) ?s sake|annoying|pestering|rude|outrage|enough is enough|leave me alone"
)
