"""English: further families of sentences by which an intent is recognised, over normalised text (``normal_en``).

Where ``phrases_en`` has the set phrases, a line here is a family: the words that may change places are classes.
"""

from __future__ import annotations

import re

from ari_app.dialogue.phrases_en import KIN

_WRONG_ONE = (
    r"(?:person|man|woman|lady|gentleman|guy|one|customer|fella|chap|owner|account holder|individual)"
)
_STAFF = (
    r"(?:officer|manager|supervisor|human|person|operator|agent|department head|head|staff|advis[eo]r|"
    r"colleague|representative|"
    r"someone|somebody|boss|executive|team leader|specialist)"
)
_OFFICE = (
    r"(?:regulator|ombudsman|police|court|judge|lawyer|solicitor|attorney(?: general)?|ministry|minister|"
    r"chairman|ceo|member of parliament|mp|"
    r"congress(?:man|woman)|senator|councillor|press|papers?|newspapers?|news|media|radio|television|tv|"
    r"journalist|tribunal|commission|"
    r"consumer (?:office|forum|court|protection|affairs|rights|council)|watchdog|trading standards|"
    r"citizens advice|authority|energy commission|legal aid|channel \w+)"
)
_CALLS = r"(?:calls?|calling|phoning|phone calls|ringing|telephoning|rings?|contacting|harassing|bothering)"
_GONE = (
    r"(?:not (?:in|here|home|about|around|at home|at (?:his|her) desk|available|back|able|there)|away|out|"
    r"at work|resting|napping|asleep|abroad|overseas|travell?ed|in hospital|"
    r"having (?:his|her)|in the|at the|on (?:vacation|holiday|leave|nights|site|shift)|in a meeting|passed)"
)
_RULES: tuple[tuple[str, str], ...] = (
    (
        "third_party",
        (
            rf"\bi am (?:just |only |but )?(?:his|her|their|the|mr \w+ s|mrs \w+ s|minding|answering for|"
            rf"looking after) ?(?:\w+ )?(?:{KIN}|nurse|carer|care worker|babysitter|housekeeper|cleaner|"
            rf"houseboy|lodger|"
            rf"caretaker|receptionist|nanny|maid|driver|intern|temp)\b|\b(?:this|it) is (?:just |only )?(?:his|"
            rf"her|their|the) (?:{KIN}|nurse|carer|babysitter|reception\w*|lodger|daughter|son|neighbou?r)\b"
            rf"|\bi am (?:just |only )?(?:the|a) (?:babysitter|carer|care worker|nurse|cleaner|lodger|"
            rf"housekeeper|receptionist|secretary)\b|^(?:this is )?(?:the )?(?:secretary|reception)\b"
            rf"|\b(?:boss|daddy|dad|mummy|mum|mom|grandpa|grandma|grandad|nana|he|she|husband|wife|mister \w+|"
            rf"mr \w+|mrs \w+|miss \w+|the boss lady|my (?:dad|mum|mom|boss|husband|wife|son|daughter|"
            rf"uncle)s?)(?: (?:is|s|has|just|still|always|already))* {_GONE}\b(?! (?:middle|same|account|bill|"
            rf"end|of|office on|mood|way|morning|evening))"
            rf"|\b(?:you (?:would |will )?(?:need|have|want) to (?:ask|speak to|talk to|ring|call)|up to|ask|"
            rf"that is a question for|want) (?:him|her|my {KIN}|them)(?: that| about| instead)?\b(?! to (?:pay|call))"
            rf"|\b(?:let me|i will|i shall|i can|i could) (?:see if (?:he|she)|fetch|go get|find|tell|let|pass "
            rf"(?:it )?on to|get|give) (?:him|her|my {KIN}|your message|the message|it to (?:him|her))\b|\bi "
            rf"(?:will|can) (?:pass|give) (?:on |him |her )?(?:the|your|a) (?:message|massage)"
            rf"|\b(?:he|she) is my (?:{KIN}|ex|roommate|lodger|tenant)\b|\b(?:my|our) {KIN} (?:handled|handles|"
            rf"deals with|dealt with|does|sees to|looks after) (?:that|all|it|the|those|these)|\bi only answer "
            rf"the phones?\b|\b(?:this|it) is (?:his|her|my {KIN}(?: s)?|my (?:fathers|mothers|husbands|wifes|"
            rf"dads|mums|sons)) (?:phone|account|bill|mobile|cell)\b"
            rf"|\b(?:he|she|uncle|father|mother|husband|wife)(?: has| had| is)? pass(?:ed)? away|\bburied "
            rf"(?:him|her)\b|\b(?:i|we) look after (?:his|her|their) (?:affairs|bills|money|post)|\bpower of "
            rf"attorney\b|\b(?:he|she) (?:will be|should be|is usually|gets|comes|come|will come) (?:home|back|"
            rf"in)\b|\b(?:he|she) (?:left|forgot) (?:it|the phone|his phone|her phone) (?:at|here|on)\b"
            rf"|\b(?:my late (?:{KIN})|the late mr|the late mrs)(?: is| s)? (?:account|bill|name)|\bthose "
            rf"digits would be my\b|\bminding (?:the|his|her) phone|\bnot (?:my|mine) (?:it is|that is) my "
            rf"{KIN}\b|\b(?:oga|madam) no dey\b|\b(?:he|she) (?:no|not) (?:home|here|dey)\b"
        ),
    ),
    (
        "identity_deny",
        (
            rf"\bi am not (?:the |that |this |even |who you |a |your )?(?:{_WRONG_ONE}|think i am|are (?:after|"
            rf"looking for)|mr|mrs|miss|ms|mister)\b(?! (?:who|to) (?:pays|deal))|\bnot (?:the|that|this) "
            rf"{_WRONG_ONE}\b(?: (?:you|on|he|she|that|who|in)| $|$)"
            r"|\bmy name is (?:\w+ )?(?:completely different|not|\w+ not)\b|\bi am named \w+ not\b|\b(?:mixed|"
            r"mixing) me up\b|\b(?:mis ?dialled|mis ?dialed|misdialing|wrong (?:n\w+mber|bumber|nombre|"
            r"digits?|extension|extension|line|woman|man|person|party|house|place|flat))\b"
            r"|\b(?:there is|we have|there are)(?: got)? no (?!one |body |money|way|point|need|more|reason|"
            r"problem|work|job|food|date|plan|chance|rush|water|power|heating|internet|gas|\w+ (?:left|in my|"
            r"for|yet|to pay|since))\w+(?: \w+){0,2} (?:here|at this (?:number|address)|in this (?:house|"
            r"building|office|shop)|on this (?:line|number)|works here|lives here)\b"
            r"|\b(?:this is|you have (?:got|reached|rung|dialled|called)|we are|i am) (?:a|the|an) (?:\w+ "
            r")?(?:fire station|taxi|pizza|restaurant|shop|salon|fax|business|school|bakery|garage|office|"
            r"hotel|church|company line|barber|bank|clinic|hospital|takeaway)(?= |$)(?=.*\b(?:no|not|line|"
            r"station|shop|there|wrong)\b)"
            r"|\b(?:same (?:sur)?name|namesake)\b(?=.*\b(?:different|not|another)\b)|\b(?:i am|it is) a "
            r"different \w+|\b(?:had|have|got|bought|owned) (?:this|that|the) (?:number|phone|sim|line)(?: "
            r"\w+){0,3} (?:for|off|since|from|last|only|two|a)\b(?!.*\bpaid\b)|\bnot me\b(?! (?:that|who|"
            r"you))(?:$| (?:different|who|you|another))|\bi (?:do not|have never|never) (?:know|heard of|met) "
            r"(?:any|anyone called|a|no|an) \w+$"
            r"|\b(?:not (?:live|living|stay)|does not live|no longer live\w*|never lived) (?:here|at this)\b|"
            r"\b(?:somebody|someone) else (?:s )?(?:old )?number\b|\bnobody (?:called|named|of that name)|"
            r"\byou are (?:mistaken|confused)\b|\bnever heard of (?:him|her|them|that|this (?:person|guy|man|"
            r"woman|name))\b|\bi do not know (?:the )?people before\b"
        ),
    ),
    (
        "identity_confirm",
        (
            r"^(?:yes |yeah |yep |hi |hello |oh |speaking |it is |that is )*(?:himself|herself|in the flesh|"
            r"the very same|the same|that d be me|that would be me|the one and only|guilty as charged|you are "
            r"talking to (?:him|her|me)|it is me you are speaking to|as ever|at your service|present)\b"
            r"|^(?:yes |yeah |yep |hi |hello |oh )*(?:this is|it is|i am|that is) (?:mr|mrs|miss|ms|mister|"
            r"dr) (?!who)\w+(?: (?:here|only|speaking))*(?: (?:tell|what|how|who|go|yes|i)\b.*)?$|^(?:yes |"
            r"yeah |hello |hi )?(?!\w*(?:body|one)\b)(?!over|nobody|right|not|is|out|live|from|be|im)\w+ "
            r"here(?: (?:what|how|who|yes|speaking|go)\b.*)?$"
            r"|^(?:yes |yeah |yep )+(?:this is (?!a\b|the\b|not\b|his\b|her\b|my\b|about\b|it\b|wrong\b|"
            r"fine\b|ok\b|right\b|correct\b)\w+(?: speaking)?)(?: (?:i|what|who|how)\b.*)?$|\bi am that "
            r"person\b|^(?:yes )*i am (?:that|the) (?:person|one) only"
        ),
    ),
    (
        "hardship",
        (
            r"\b(?:i|we|he|she) (?:only|just|barely) (?:get|have|got|receive|earn|make)\b(?=.*\b(?:disability|"
            r"pension|benefits?|dole|credit|month|week)\b)|\b(?:to my name|in my (?:purse|pocket|account|"
            r"wallet))\b(?!.*\bpaid\b)|\bchoos\w+ between\b|\b(?:heating|food|rent|medicine)(?: \w+)? (?:or|"
            r"and) (?:the )?(?:eating|heating|food|pills|rent)\b|\b(?:nothing|not a (?:dollar|cent|penny)|no "
            r"money|not much)(?: \w+)? (?:left|over)\b(?! to pay| owing)"
            r"|\b(?:i|we) (?:have |have got |got )?(?:got )?nothing\b(?! (?:to do|to say|else|against|but|"
            r"from|outstanding|owing|to hide|more to))|\bnothing (?:i|in the (?:account|bank|pot|tin))\b|"
            r"\b(?:not|never|none of us) (?:have )?been paid (?:since|for|yet|in)\b|\b(?:not|n t) paid (?:us|"
            r"me) (?:since|for|yet|in|this)\b|\b(?:i|we) (?:do not|is not|have not) (?:have|got) (?:it|any|"
            r"that kind|that much|anything)\b(?: (?:so|i am|honest|right now|at the moment|sorry|yet)|$)"
            r"|\b(?:cut|lost|docked|slashed)(?: (?:all|half|most|back))?(?: of)? (?:my|our|his|her) (?:hours|"
            r"shifts|pension|pay|wages|salary|overtime|benefits?)\b|\b(?:jobless|between jobs|off work|zero "
            r"hours|no customers|no crops|drought|wiped me out|wits end|going under|gone under|collapse|bust|"
            r"universal credit|single (?:mum|mom|dad)|out on my own)\b|\bout of work\b|\bdown to \w+ shifts\b"
            r"|\b(?:shop|business|restaurant|trade|market|season|salon|company|farm|restaurants?)(?: \w+)? "
            r"(?:has no|is dead|been dead|is slow|been slow|is quiet|is failing|is going|going to|has closed|"
            r"shut|collapsed)\b|\b(?:savings|paycheck|pension|wages|money)(?: \w+)? (?:gone|went|goes|going) "
            r"(?:on|to|straight)\b|\b(?:eating|eat) once\b|\bliving (?:off|on) (?:tins|toast|next to|noodles|"
            r"bread|credit|beans|nothing|benefits)\b|\bblood (?:out of|from) a stone\b|\bmoneys? (?:is "
            r")?(?:tight|short|low)\b"
            r"|\b(?:chemo|dialysis|cancer|funeral|operation|surgery|hospital bills?|medical bills?|"
            r"rehab)\b(?!.*\b(?:he|she) (?:is|will|was)\b)|\b(?:on|i am on) (?:e i|disability|benefits|the "
            r"dole|sick pay|welfare|food stamps|income support|a fixed income)\b|\b(?:husband|wife|partner|he|"
            r"she)(?: has| just)? (?:left|leave|walked out on) me\b|\bkids to feed\b|\bmouths to feed\b|\bif "
            r"i had (?:the |any )?money\b|\bnot stretch\b|\bmake ends meet\b|\bi can not there is nothing\b|"
            r"\bdebt\b(?=.*\b(?:hole|bigger|drowning|loan)\b)|\bdrowning in\b|\brobbing peter\b"
        ),
    ),
    (
        "refuse_to_pay",
        (
            r"^(?:oh |no |well )*(?:never|not ever|when hell freezes over|sue me|not going to happen|do not "
            r"hold your breath|nothing|not a (?:penny|cent|dime|chance)|zero|nada|zilch|sweet \w+ \w+|over my "
            r"dead body|come and take it)\b(?:$| (?:that is|ever|not|and you|if you|pal|mate|you|i am|not a|"
            r"from me|at all))|\b(?:give|giving|get|getting|paying|pay)(?: you| me| them)? (?:exactly |"
            r"absolutely )?(?:nothing|zero|none of it|sweet|diddly|jack|nada|zilch)\b"
            r"|\b(?:i|we) (?:just |simply |flat out |no |no go |will |still )*(?:will not|would not|am not "
            r"going to|am not about to|refuse to|no go|decline to|am declining to) (?:pay|be paying|give|fund|"
            r"cough|hand)\b(?! (?:until|till|by|before|that much|it all|all of it|more than|in full|the whole|"
            r"twice|today|tomorrow|this week|this month|you today))|\b(?:not|never) (?:getting|going to get) "
            r"(?:paid|a (?:penny|cent|dime)|this one|one|anything|any|it|my|that)\b|\bnot (?:getting|going to "
            r"be) paid (?:ever|at all)|\bwhy (?:should|would|must|do) i (?:pay|give|have to pay)\b(?! by| "
            r"with| to| it by| tomorrow)"
            r"|\bover my dead body\b|\bwhen hell freezes\b|\bstopped paying\b(?=.*\bsame\b)|\bnot (?:this "
            r"week|today|now) not (?:next week|tomorrow|later) not ever\b|\bno date because no payment\b|"
            r"\bcarry me go court\b|\bdone paying\b|\bnot doing it\b$|\byou can (?:whistle|forget)(?: for)? "
            r"it\b|\bwhistle for\b|\bpaying (?:you )?(?:jack|nothing|not a)\b|\b(?:arse|ass|hell) i am "
            r"paying\b|\bcome and take it\b|\bmake me\b$|\bnot one (?:red )?cent\b|\bgood luck getting\b|"
            r"\btear(?:ing)? (?:it|this|that|the bill) up\b|\bi owe you nothing\b|\bnot paying\b(?! (?:until|"
            r"till|that much|it all|all of it|for (?:two|three)|more than|twice))"
        ),
    ),
    (
        "complaint_threat",
        (
            rf"\b(?:writ\w+|report\w*|complain\w*|go|going|taking|take|ring\w*|call(?:ing)?|speak\w*|talk\w*|"
            rf"escalat\w+|rais\w+|refer\w*|denounce|tell\w*|contact\w*|telling|phone|phoning|put|hear from|"
            rf"friend at|know people in|email\w*)(?: (?:to|you|this|it|the|your|a|my|on|with|up|straight|from|"
            rf"in|about|that|next|everything|una|directly|both|all|is|them))* {_OFFICE}\b"
            rf"|\b(?:lawsuit|court date|see you in court|in front of a judge|legal (?:action|advice|team)|"
            rf"suing|sue (?:you|the|your)|grievance|denounce|on blast|bad review|one star|name and shame|know "
            rf"my rights|broken (?:about )?\w+ laws|expect a letter|people in government|small claims|"
            rf"harassment (?:case|charge|order)|class action|take you to court)\b"
            rf"|\b(?:post|posting|put|putting|plaster|share|sharing|tweet)(?: \w+){{0,5}} (?:facebook|face "
            rf"book|twitter|tiktok|instagram|youtube|social media|online|the internet|reddit|whatsapp)\b|"
            rf"\b(?:works?|working) (?:at|for) (?:the )?(?:newspaper|paper|radio|news|bbc|tv|government|"
            rf"ministry)\b|\bwho is your {_OFFICE}\b|\b(?:calling|phone|ring|call) the police\b|\b{_OFFICE} "
            rf"(?:will|is going to|would) (?:hear|know|be in touch|love|deal)\b"
        ),
    ),
    (
        "ask_fee_breakdown",
        (
            r"\b(?:how much of (?:it|that|this) is|what part of|what makes up|made up of|worked (?:it )?out|"
            r"line by line|one by one|run me through|walk me through|go through|what all (?:you|goes|is)|goes "
            r"into (?:that|the|this)|added on top|got added|include (?:the )?(?:interest|tax|vat|fees?|late|"
            r"last)|(?:with|without|before|after) (?:the )?(?:tax|vat)(?: or)?|what (?:is|are|was) (?:in|"
            r"inside|included)|what the (?:charges|fees) are|what (?:the )?(?:charges|fees) are "
            r"for)\b(?!.*\bpaid (?:it|that|on)\b)"
            r"|\b(?:explain|understand|read out|tell me|break down)(?: (?:to )?(?:me|us))?(?: (?:each|the|all|"
            r"every|these|what|which|those|about))* (?:charges?|fees?|items?|extras?|surcharge|penalty|"
            r"maths?)\b|\b(?:which|what) (?:charges|fees|bill is (?:this|it|that)|items)\b|\bhow (?:is|was|"
            r"did|do|you|they|it|that)(?: \w+){0,3} (?:calculat\w+|worked out|work it out|come up with|get to "
            r"that|arrive at|add up to)\b|\bhow (?:you )?calculate\b"
            r"|\bwhat is (?:that|this|the|it|all that)(?: \w+){0,4} (?:for|thing|charge|fee|penalty)\b(?! you|"
            r" me)|\bis that (?:a|the) (?:penalty|late fee|charge|tax|fee)\b|\bwhy (?:so much|is there a|"
            r"the)(?: \w+){0,3} (?:what|charge|fee|added)\b"
        ),
    ),
    (
        "stop_calling",
        (
            rf"\b(?:stop|cease|quit|enough|end|no more)(?: \w+){{0,4}} {_CALLS}\b(?! (?:me )?(?:a|an|it) )|"
            rf"\bno (?:more )?(?:phone )?(?:calls?|calling)(?: (?:in future|any ?more|again|please|me|ever|"
            rf"my))+|\b(?:make this|that is|this is) the last time (?:you|i)\b|\b(?:it|this|that) has to "
            rf"(?:end|stop)\b|\bif you (?:call|phone|ring)(?: me| us| this \w+)?(?: \w+)? (?:again|one more "
            rf"time|once more)\b|\bstop (?:it|already|this|upsetting|blowing|colin)\b|^(?:please |just |oh "
            rf")*stop\b(?! (?:the|worrying|there|by|over|in))"
            r"|\b(?:quit|stop) (?:blowing up|pestering|upsetting|hounding|chasing)\b|\bleave (?:my|our) "
            r"(?:phone|house|mother|family|mum|number|office)? ?alone\b|\bi (?:will )?block you\b|\bdo not "
            r"want (?:that )?(?:you|your)(?: to)? call\w*\b|\bnever (?:call|ring|phone|contact)\b|\b(?:do not|"
            r"not) (?:to )?(?:call|ring|phone)(?: me| us| him| her| this (?:number|phone|mobile|house|line)| "
            r"here| my (?:work|office|mother|house|mobile))?(?: (?:again|any ?more|ever|no more)|$)(?! "
            r"(?:before|after|until))|\bcalling again ok i block\b|\b(?:keep|kept) (?:your|you) (?:calls|hands)\b"
        ),
    ),
    (
        "request_human",
        (
            rf"\b(?:put|pass|transfer|connect|switch|hand|give|get)(?: me| us| this| the call| over| through| "
            rf"on| to| onto| back)* (?:to |through to |over to |on to )?(?:a |an |the |your |one of your |some|"
            rf"any )*(?:real |live |human |actual )*{_STAFF}\b|\btransfer (?:the|this|my) call\b|\b(?:speak|"
            rf"talk|discuss\w*|go over|sort)(?: \w+){{0,4}} (?:with|to) (?:a |an |the |your |one of your |any "
            rf")*(?:real |live |human |actual |proper )*(?:{_STAFF}|staff)\b|\bi (?:want|need|would like) "
            rf"(?:the|a|an|your|to speak with (?:the|a)) (?:real |live |human )*{_STAFF}\b(?! to (?:stop|call|"
            rf"fix|come|check my meter))"
            r"|\bput(?: \w+)? (?:somebody|someone) on\b|\bput through to (?:someone|somebody|a)\b|\b(?:agent "
            r")+agent\b|\bhow do i get (?:the|an?) (?:operator|agent|person|human)\b|\bis there (?:a|any)(?: "
            r"\w+){0,4} (?:i could|i can|to) (?:speak|talk) to\b|\byour (?:department head|head|superior|line "
            r"manager)\b|\bsomebody with a pulse\b|\bwey i fit talk to\b"
        ),
    ),
    (
        "request_installment",
        (
            r"\b(?:pay|paying|do|take|accept|have|make) (?:it |that |this |you |the rest )?(?:monthly|weekly|"
            r"fortnightly|bit by bit|drip|in (?:bits|parts|pieces|chunks|stages|lumps))\b|\b(?:drip feed|"
            r"installation payments|a bit (?:every|each) \w+|little by little|(?:forty|fifty|twenty|thirty|"
            r"ten|\w+ty|hundred|dollars|bucks)(?: dollars| bucks)? (?:a|per|each|every) (?:week|fortnight|"
            r"month)|plan for me|month(?:s)? plan|equal (?:parts|payments)|three payments|(?:put|get|set) me "
            r"(?:up )?on (?:a|the) (?:\w+ )?plan|put me on a plan|set me up over|cut it up|broken up|break it "
            r"(?:up|into|down into)|chop it|can split|the longest (?:one|you))\b(?! (?:already|is what i "
            r"earn|pension))|\bmake (?:it |a )?(?:monthly|plan)\b"
        ),
    ),
    (
        "request_deferral",
        (
            r"\b(?:push\w*|hold\w*|move|mov\w+|delay\w*|postpon\w*|defer\w*|shift\w*|extend\w*|freeze|pause|"
            r"skip)(?: (?:it|this|that|the|my|one|off|payment|date|due|bill|back|for))* ?(?:back|off|out|a "
            r"bit|for a (?:bit|while|few|week|month)|date|forward|this (?:one|month)|till|until|by|to)\b(?! "
            r"(?:your|on))|\b(?:wait|patience|bear with me|slack|chill|leeway|breathing space|grace|adjust|be "
            r"patient|hang on|lenient|hold (?:on|fire|it))\b(?: (?:me|for me|with me|on that(?: one)?|on|a "
            r"bit|some))*(?= (?:till|until|to the|on|for|a |please|little|or)|$)(?<!can not wait)(?<!just wait)"
            r"|\b(?:a few|couple of|some|little|add|any|bit) more (?:days|time|weeks)\b|\badd (?:me )?(?:more|"
            r"small|some) (?:days|time)\b|\b(?:can|could|will|would|shall) not (?:touch|manage|do|pay|have|be "
            r"able to (?:manage|pay|do))(?: (?:it|that|this|anything|you))* (?:till|until|before)\b|\bwhat if "
            r"i (?:did|paid|pay|do)\b|\b(?:would|will) that be a problem\b|\bis (?:next|this|the)? ?\w+(?: "
            r"\w+)? (?:ok|okay|alright|all right|fine|possible) (?:or|with you|for you|if|instead)\b|\bcould "
            r"it be later\b|\bis there any chance of (?:the|a)\b|\bany (?:chance|way|possibility) (?:of |that "
            r")?(?:i |you |we |on |an |pushing|paying|leaving|getting|having|the )\b(?!.*\b(?:human|"
            r"person|plan|installments?|link)\b)|\bcan you not (?:wait|hold)\b"
        ),
    ),
    (
        "ask_payment_method",
        (
            r"\b(?:how|where|which way)(?: (?:else|on earth|exactly|even|do|does|can|could|would|should|would "
            r"one|one|i|we|a person|you|people|am i|to|go about|supposed to|actually|the money))* (?:pay|"
            r"paying|send (?:it|the money)|settle|settling|make (?:the|a) payment|get (?:it|the money) to "
            r"you)\b(?! (?:by|on|before) (?:friday|monday|the))(?! (?:that|this|it|you|us) when)|\b(?:what|"
            r"which|any) (?:other )?(?:way|ways|options?|methods?|window|counter|account)(?: \w+){0,5} (?:pay|"
            r"paying|send|use|take|payment|easier|convenient|accept|transfer)\b|\bbesides (?:the )?\w+ what "
            r"(?:other|else)\b|\bwhat else do you (?:take|accept|except)\b"
            r"|\b(?:do|can|does|is|are|would|could|must)(?: \w+){0,5} (?:alipay|wechat|visa|card|cards|"
            r"mastercard|apple pay|google pay|paypal|cash|direct debit|autopay|bank transfer|netbanking|upi|"
            r"check|app)\b(?= (?:possible|or|accepted|ok|okay|allowed|work|available|instead|for|in person|to "
            r"pay|at)|$)(?!.*\b(?:tomorrow|friday|monday|already)\b)|\b(?:does it have to be|can (?:it|"
            r"payment|i) be (?:made|paid)) (?:by|with|via|in)\b|\b(?:somewhere|anywhere|a place|a counter)(?: "
            r"\w+){0,4} (?:i can|to|can i) pay\b|\bwhich one (?:is |s )?(?:easier|better|you (?:all )?(?:take|"
            r"prefer)|works|more)\b|\bfit pay with\b|\bset up (?:a )?(?:direct debit|autopay)\b|\bwould "
            r"you rather i\b"
        ),
    ),
    (
        "ask_amount",
        (
            r"\bwhat (?:does it come to|is outstanding|is (?:the )?(?:sum|some|outstanding|damage|total)|"
            r"amount|do i oh you|i have to pay in total|is it i owe)\b(?! wrong| for)|\b(?:balance|total|"
            r"amount|sum|figure|quantity)(?: amount)? (?:is what|please|once (?:more|again)|again)\b|\bhow "
            r"many (?:dollars?|pounds|yuan|total)\b|\b(?:did not|not) (?:catch|hear|get) the (?:figure|amount|"
            r"total|number|sum)\b|\b(?:know|tell me|remind me|repeat|say) (?:what )?the (?:amount|balance|"
            r"total|figure|number|sum)\b(?! (?:was|is) (?:worked|wrong))|\bwas that (?:\w+ )+or (?:\w+ "
            r"?)+(?:i did not|$)|\bdepends (?:on )?(?:what|how much)"
        ),
    ),
    (
        "ask_due_date",
        (
            r"\b(?:what|which) (?:day|date)(?: s)?(?: \w+){0,6} (?:due|by|supposed|latest|deadline|last)\b|"
            r"\b(?:by what|by which|until which|till what|limit) (?:date|day)\b|\bwhen (?:would|was|is|were|"
            r"will)(?: \w+){0,5} (?:due|supposed|payable)\b|\bis (?:the |it )?due(?: date)? (?:the|on)\b|"
            r"\blatest date\b|\bcut off (?:date|before)\b|\bhow long (?:have i got|do i have)\b|\bwhen (?:is|"
            r"was) (?:that|it|this) due\b"
        ),
    ),
    (
        "ask_identity",
        (
            r"\bwho (?:i am dealing with|you are|be this|dis|are you (?:really|exactly|with)|do you (?:work "
            r"for|say|reckon)|did you say|shall i say|am i (?:dealing|speaking|talking))\b|^and you are$|"
            r"\b(?:on (?:whose|who s) behalf|calling on behalf|your good name|which office|what office|are "
            r"you genuine|sounds? (?:dodgy|like a con|fishy|suspicious)|to me a con|not said who|scan people|"
            r"one of them scams)\b|\b(?:know|sure) you are (?:really )?(?:from|who|genuine|real)\b"
        ),
    ),
    (
        "send_link",
        (
            r"\b(?:send|text|message|flick|ping|shoot|drop|forward|share|resend|whatsapp|fling|chuck|bung)(?: "
            r"(?:it|me|us|that|the|a|over|your|this|please|across|through|to|my|some|payment|pay|secure|on|"
            r"one|sms))* (?:link|lynk|enlace|url|thing by text)\b|\blink (?:can |please |you could |could you "
            r"|me )?(?:send|text|ping|resend)\b|\bpay(?:ment)? link (?:you|please|to|can|could)\b|\b(?:link|"
            r"it)(?: \w+){0,4} (?:please )?resend\b|\bdo you have a link\b|\bmessage me (?:that|it|the)\b|"
            r"\bsend it to my (?:mobile|phone|cell|email)\b"
        ),
    ),
    (
        "busy_now",
        (
            r"\bi am (?:in|on|at|under|up) (?:a |the |my )?(?:train|motor ?way|roof|sink|ladder|funeral|"
            r"temple|lesson|bath|court|crane|forklift|site|theatre|surgery|middle|mosque|hospital|exam|class|"
            r"meeting|toilet|interview|bus|shop floor|shift|plane|airport|vet|dentist|bank|"
            r"wedding)\b(?!.*\b(?:that day|on friday|till|until)\b)|\b(?:i dey (?:drive|work)|operating "
            r"machinery|attending to|flat out|have not (?:got )?time|not a good time|now is not (?:a )?good|"
            r"caught me (?:in|at)|can not go into it|i have (?:a )?(?:patient|passenger|customer|client)s?\b|"
            r"make it quick|with a customer|the doctor is calling|baby is screaming|(?<!has )got to go|"
            r"customers at the till)\b"
        ),
    ),
    (
        "request_callback",
        (
            r"(?<!my )(?<!the )(?<!his )(?<!her )(?<!your )(?<!this )\b(?:call|ring|phone|try|buzz)(?: (?:me|"
            r"us|again|him|her|back|then|please|on|this|at|around|about|my|to))* (?:later|tomorrow|tonight|"
            r"then|after|afterwards|another time|when|in (?:an|a|half|ten|twenty|the)|monday|tuesday|"
            r"wednesday|thursday|friday|saturday|sunday|next week|some other|at (?!this|all|my work)\w+|"
            r"around \w+|about \w+|half past|quarter|\w+ thirty)\b|\bgive (?:me|us|her|him) a (?:bell|call|"
            r"ring|buzz|shout|tinkle)\b|\b(?:you may|you can|please) (?:call|ring|phone) (?:me|her|him|"
            r"us)\b(?! (?:a|an|stupid|mad|by))|\bhave (?:some(?:body|one)|them|your \w+|him|her) (?:call|"
            r"ring|phone)\b"
        ),
    ),
)
_RULES += (
    (
        "ask_if_robot",
        (
            r"\b(?:are|is|am|or)\b(?: \w+){0,6} (?:just (?:software|a (?:program|voice))|(?:a|the) computer|"
            r"alive|chat gpt|automated call|voice bot|"
            r"ai|one of (?:those|them) (?:ai|computer|robot|machine|chat)\w*)\b(?! (?:screen|system))|\byou "
            r"real or not\b|\byou robot is it\b|"
            r"\bare you one(?: of those)?$|\bcomputer dey talk\b|\ba human there or\b|\ba person or a\b"
        ),
    ),
    (
        "abusive",
        (
            r"\bfeck\b|\b(?:you|your|ya|of|some)\b(?: \w+){0,4} (?:thieving|scabby|toerag|gobshites?|cow|"
            r"donkey|worm|ghoul|sods?|dogs|mumu|rat|swine|"
            r"pigs?|vermin|leech|numpty|eejit|weasel|snake|toad|halfwit|dimwit|imbecile|jackass|piece of "
            r"(?:junk|dirt|rubbish))\b|"
            r"\bthick as (?:a brick|two)|\bno shame\b|\blowest form\b|\bwhere the sun (?:do|does)\b|\bkiss "
            r"my\b|\bgive you a slap\b|\bboil your\b|"
            r"\bgobshites?\b|\buseless (?:piece|lot|bunch)\b"
        ),
    ),
)
FAMILIES = tuple((intent, re.compile(pattern)) for intent, pattern in _RULES)
