"""English: the words of objecting to a bill, and what the objection is about, over normalised text (``normal_en``)."""

from __future__ import annotations

import re

_BILL = (
    r"(?:bills?|amounts?|charges?|numbers?|invoice|total|figures?|sum|readings?|price|rates?|balance|"
    r"fees?|penalty|interest|calculations?|maths?|"
    r"tariff|usage|consumption|statement|arrears|debt|bands?|address|details on it|surcharge)"
)
_WRONG = (
    r"(?:wrong|incorrect|not (?:possibly )?(?:be )?(?:right|correct|accurate|fair|adding up|add up|mine|"
    r"what)|be right|not be right|way (?:too|off|out|over)|too (?:much|high|big|steep)|"
    r"mistaken|off$|off by|outrageous|ridiculous|insane|a mistake|double|inflated|an error|a joke|"
    r"excessive|triple|gone up|doubled|tripled|nonsense|"
    r"rubbish|crazy|mad|extortionate|bogus|made up|fake|bull|cap$|padded|unfair|daylight robbery|a rip "
    r"off|messed up|mixed up|someone else)"
)
_IS = r"(?:is|are|was|were|looks?|look|seems?|sounds?|can|does|do|has|must be|cannot|got|have)"
_HOME = (
    r"(?:house|flat|place|shop|business|property|apartment|home|unit|building|restaurant|store|car|"
    r"van|phone|boat|cafe|farm|premises|studio|office)"
)
_SUPPLY = (
    r"(?:internet|water|power|electricity|gas|heating|heat|broadband|wifi|signal|service|phone line|"
    r"landline|lift|elevator|boiler|connection|network|hot water|"
    r"supply|roof|light|lights|light bulb|current|aircon|air con|data|cable|tv|bower|pressure|voltage|heater|hydro)"
)
_CREW = (
    r"(?:nobody|no one|no body|engineers?|technicians?|repair ?man|repair ?men|plumber|electrician|"
    r"installer|crew|workmen|your (?:guy|guys|man|men|people|team|staff|lot|fella)|they|you|he)"
)
_NEVER = r"(?:never|not|no|did not|have not|has not|do not|still not|yet to|failed to)"

#: What is wrong with supply, repair or staff.
SERVICE = (
    rf"\b(?:no|without|lost(?: my| our| the)?|cut(?: my| our| the| off)*|had no|zero|without any) {_SUPPLY}\b"
    rf"|\b{_SUPPLY}(?: \w+){{0,3}} (?:down|out\b(?! of my)|off|broken|slow|not working|cut|dropping|drops|"
    rf"faulty|terrible|awful|poor|useless|dead|leaking|patchy|"
    r"does not work|did not work|not work|never works?|never worked|keeps|kept|brown|dirty|disconnected|"
    r"unusable|unreliable|rubbish|spoil\w*|burn\w*|stopped)"
    rf"|\b{_CREW}(?: (?:ever|even|has|have|had|was|were|just|still|who came))* {_NEVER}(?: \w+)? "
    rf"?(?:fix\w*|repair\w*|came|come|show\w*|turn\w* up|install\w*|finish\w*|answer\w*|"
    r"deliver\w*|restor\w*|resolv\w*|sort\w*|put it back|connect\w*)|\b(?:nobody|no one|no engineer|"
    r"never)(?: is| has| have| ever)? (?:came|come|turned up|showed up|fixed|answered|came out|comes)"
    r"|\b(?:never|not|still not|yet to)(?: (?:been|be|get|got))? (?:fixed|repaired|delivered|installed|"
    r"restored|resolved|connected|sorted (?:it|the))"
    r"|\b(?:outages?|leaks?|leaking|leaked|mould|mold|damp|power cuts?|blackouts?|burst pipe|no show|"
    r"voltage)\b|\b(?:rude|left me waiting|kept me waiting)\b(?=.*\b(?:staff|receptionist|engineer|clinic|"
    r"service|technician|man|woman|girl|to)\b)"
    r"|\b(?:staff|receptionist|engineer|technician|installer|driver|nurse|service|customer service|"
    r"support)(?: \w+){0,4} (?:rude|terrible|awful|shocking|useless|disgraceful|unhelpful|appalling)"
    rf"|\b(?:poor|bad|terrible|awful|rubbish|lousy|shocking|weak|low|worst) (?:service|signal|customer "
    rf"service|connection|pressure|{_SUPPLY})|\b(?:you|they|was|were|been|got|getting|keep|kept) (?:\w+ "
    rf")?(?:cut|cutting|disconnected)(?: (?:us|me|my|our|the))? (?:off|line|supply|service|power|water|"
    rf"internet|gas)\b"
    rf"|\bfix (?:the|my|your|our) (?:\w+ )?(?:{_SUPPLY}|pipe|damage|drain|fault|problem)|\bdug up|\bbroke "
    rf"(?:the|my|our) (?:pipe|wall|gate|fence|window|door)|\b(?:repair|job|work) (?:was )?(?:unfinished|"
    rf"half done|botched)"
    r"|\bleft (?:the|my) (?:job|work) (?:unfinished|half)"
)
_METER = (
    r"\bmeters?\b|\bestimat\w+|\b(?:your|the|my|that|wrong|last|this) readings?\b|\breadings?(?: "
    r"\w+){0,3} (?:wrong|from|say|says|read|does|do not|is|are|was|were|incorrect|higher|lower)|\bmisread\b|"
    r"\bread (?:the|my) meter\b|\b(?:never|nobody|no one) (?:came to )?(?:is |has |have )?(?:read|reads|"
    r"looked at) (?:it|that)\b|\bthe dial\b|\b(?:ticks?|ticking|spins?|spinning)(?: \w+){0,3} (?:when|"
    r"with|even|though|while|round)|\b(?:kilowatts?|kwh|cubic met\w+)\b|\bunits (?:higher|more|than|too|used|wrong)"
)
#: Sold, moved away, somebody else's, never signed.
_OTHER = (
    rf"\bmoved? (?:out|away|house|from|home)\b|\b(?:moved|left)(?: \w+){{0,4}} (?:ago|in (?:january|"
    rf"february|march|april|may|june|july|august|september|october|november|december)|last (?:year|month|"
    rf"summer|winter|spring))(?=.*\b(?:bill|account|pay|mine|owe|there|since|tenant|flat|house|charg\w+)\b)"
    rf"|\bsold (?:the|my|that|our|it|up)(?: \w+)? ?(?:{_HOME}|in|last|ages|years|two|three|before|already|$)"
    r"|\b(?:my|the|a|our|new|other|previous|old|former|last|ex) (?:tenants?|lodgers?|ex|owners?|"
    r"occupiers?|occupants?|renters?|subtenants?)(?: s)?\b(?= (?:is|are|was|were|should|used|lived|owes?|"
    r"has to|have to|bill|bills|responsib\w+|must|hydro|account|"
    r"pays (?:for|it|that|the)|ran|left|not|who|problem|name|before|debt))"
    r"|\b(?:previous|former|old) (?:tenant|owner|occupier|occupant)s?\b|\b(?:tenant|lodger|landlord)(?: "
    r"s)? (?:is |are )?(?:responsib\w+|bill|supposed)|\blandlord (?:pays|was|is supposed|should|covers|"
    r"includes)|\b(?:in|under) the lease\b|\bbefore me\b"
    r"|\bnot (?:my|mine|our|ours) (?:contract|account|address|name|house|debt|flat|signature|electricity|"
    r"power|problem|shop|phone|usage|line|number on|business|any ?more)\b|\b(?:is|are|was) not (?:mine|ours)\b"
    r"|\bnever (?:signed|lived|opened|ordered|took|subscribed|asked|had it|had (?:a|an|any) (?:account|"
    r"contract|phone|line|service|gas|meter|tv|internet)|been (?:a customer|with you|there|to that)|"
    r"agreed to (?:any|a|this|the) (?:contract|plan|service|deal)|owned|applied|rented)"
    r"|\bdid not (?:sign|order|open|live|own|ask|take out|subscribe|apply|rent|consent|authori[sz]e)|\bdo "
    r"not (?:live|own|have (?:a|an|any) (?:account|contract|meter|gas|phone|line|tv|boiler|service)|even "
    r"(?:own|live|have))"
    r"|\b(?:signed|contract)(?: \w+){0,4} (?:expired|ended|finished|over)|\bmy (?:name|signature|"
    r"identity)(?= (?:to|was|is not|on it|for))|\b(?:used|stole|stolen|forged|copied) (?:my|her|his) "
    r"(?:name|identity|signature|details|card)|\bidentity theft|\bstolen identity|"
    r"\bsomeone else (?:s )?(?:opened|used|lives|account|name|bill|contract)|\bsomebody (?:else )?used my|"
    r"\bcancel(?:led|ed)?(?: \w+){0,2} (?:the|my|it|that|this|contract|account|service|plan|subscription|"
    r"in|last|months|ages|back|already)\b|\bterminated\b|\b(?:closed|ended) (?:the|my|that|this) "
    r"(?:account|contract|business|shop)"
    rf"|\b(?:handed|gave|returned) (?:back |in |over )?the keys|\bgot the keys\b|\b(?:demolished|knocked "
    rf"down)|\bclosed down\b|\bwrong (?:address|flat|house|person s bill|customer)|\bbelongs? to (?:the|my|"
    rf"some|a|another|someone)|\bnew (?:owners?|tenants?) (?:should|is|are)|\bnot authori|\bpassed to (?:the|a) new"
)
_EXTRA = (
    r"(?:late|admin|service|reconnection|roaming|standing|cancellation|hidden|extra|connection|"
    r"processing|penalty|delivery|installation|deposit|interest|double|mystery|paper|handling|"
    r"collection|insurance|premium)"
)
#: Sums, double charges, fees, discounts, tariffs.
_CHARGED = (
    rf"\b{_BILL}(?: \w+){{0,3}} {_IS}(?: \w+)? ?{_WRONG}\b|\b(?:wrong|incorrect|false|inflated|crazy|silly|"
    rf"ridiculous|mistake (?:in|on|with)|error (?:in|on|with)|something wrong (?:with|on)|problem with|"
    rf"issue with) (?:the |my |this |that |your |these )?(?:\w+ )?{_BILL}\b"
    r"|\bover ?(?:charg\w+|bill\w+|priced)|\b(?:charged?|billed?|counted|paying|charging|debited|deducted|"
    r"took|taken|added|put|invoiced|bill|count|charge|pay)(?: \w+){0,5} (?:twice|double|two times|too "
    r"much|three times|again and again)\b"
    r"|\b(?:twice|two times)(?: \w+){0,3} (?:charged|billed|counted)|\bdouble (?:charg|bill|count|dip)\w*|"
    r"\bcharged? (?:me |us )?(?:for (?:something|things|stuff|a|the wrong|two|extra|nothing|what|services|"
    r"calls|an|premium)|the wrong|extra|double|more than)"
    rf"|\b{_EXTRA} (?:fees?|charges?|penalty)(?: \w+){{0,8}} (?:not\b|never|wrong|unfair|should|was "
    rf"(?:supposed|waived|never)|on time|waived?|remove|ridiculous|stuck|slapped|mistake|without)|"
    rf"\b(?:remove|waive|take off|drop|scrap)(?: \w+){{0,3}} (?:fees?|charges?|penalty|interest)"
    rf"|^(?:it is |the |that )*(?:{_EXTRA} )?(?:fees?|charges?|penalty|sum|amount|total|price|rate|"
    rf"tariff)(?: it is| why got \w+)?$|\b(?:not|never|was not) (?:been |ever )?late\b(?=.*\b(?:fee|charge|"
    rf"penalty)\b)|\b(?:fee|charge|penalty)\b.*\b(?:not|never|was not) (?:been |ever )?late\b"
    r"|\bdiscount\b|\brebate\b|\bcoupon\b|\bpromo(?:tion)?\b|\bloyalty\b|\bpromised (?:me|us|it|a)\b|"
    r"\bwas (?:told|quoted|promised)\b|\bwere (?:told|quoted|promised)\b|\byou (?:told|quoted) me\b|"
    r"\b(?:price|tariff|rate) (?:went|gone|has gone|increase|hike|is supposed|was supposed|was meant)(?! "
    r"up (?:what|and i))"
    r"|\b(?:owe|owes|owed|want|get|gets|need|demand|expect|where is|due|promised|give) (?:me |us )?(?:a |"
    r"my |the |that )?refund|\bsolar credit|\bcredit (?:is |was )?missing|\b(?:wrong|different|old|"
    r"commercial|higher|off peak) (?:plan|tariff|package|rate|band)|\bon (?:that|the wrong|a different) "
    r"(?:plan|tariff)"
    r"|\bwhy (?:is|was|has|are|am)(?: \w+){1,3} (?:so |gone |that |this )(?:high|much|expensive|big|up)|"
    r"\bwhy(?: is| was| has)? (?:it|this|that|my|the)(?: \w+)? (?:so|gone up|doubled|higher|tripled|twice|"
    r"triple|more)|\bhow can (?:it|this|that|the|my|i|we|one|two|a)(?: \w+){0,6} (?:be|cost|owe|use|burn|"
    r"run up|come to|spend|\w+)\b(?! (?:pay|sure))(?=.*\b(?:much|hundred|thousand|triple|double|dollars|"
    r"bill|property|so|that)\b)"
    r"|\bnot (?:see|understand|get) how(?: \w+){0,12} (?:hundred|dollars|much|use|burn|cost|bill)|\bhow "
    r"come (?:so|it is so|the bill|this) (?:\w+ )?(?:expensive|much|high)|\b(?:must be|you are|got to be) "
    r"(?:joking|kidding|having a laugh|dreaming)|\b(?:should|supposed to|ought to|meant to|must) (?:only |"
    r"have |just |really )?(?:be|been|cost) (?:about |around |only |just |like |less|half|nearer |more like )?"
    r"(?:less|half|nothing|zero|free|cheaper|lower|\w*ty\b|\w+teen\b|\w+ hundred|hundred|a hundred|[0-9]+|"
    r"ten\b|one \w+ty|waived|included|off|removed|nine|at most)|\b(?:right|correct|actual|real|true) "
    r"(?:amount|figure|sum|total|price|balance)\b(?! (?:please|is what))|\b(?:charge|fee|penalty)(?: "
    r"\w+)? (?:has to|has got to|must|needs to|ought to) (?:go|come off|be removed)|\b(?:billed|charged) "
    r"for (?:a|an|the) (?:house|month|service|flat|line)|\bcounted (?:the same|march|double|it)"
    r"|\b(?:never|not|no way i|did not|could not have|do not)(?: \w+)? (?:used?|made|called|watched|"
    r"downloaded|consumed?|bought|received|had) (?:that|this|it|those|any|so|anything)(?: (?:much|many|"
    r"service|call|units|calls|water|power|electricity|data))?\b(?! (?:call from|letter))(?! app)|"
    r"\b(?:way|far|much|bit|so) too (?:much|high|expensive|big)|\btoo (?:much|high|expensive)\b(?! (?:for "
    r"me|to pay|trouble|to ask|on|at once|hassle|going|work|right now|this month))"
    r"|\bmore than (?:double|twice|triple|i (?:used|agreed|owe|usually|normally|should)|usual|last|it "
    r"(?:was|should))|\b(?:double|triple|twice|three times)(?: of| what)? (?:my |the |it |i )?(?:usual|"
    r"normal|last|was|normally|usually|pay)|\blast year s (?:balance|arrears|bill)|\bi am on the (?:off "
    r"peak|basic|student|senior|cheaper|other|old) (?:plan|tariff|rate)"
    r"|\bshould not (?:be there|be on|have (?:been )?charged|be paying|be charged)|\bthere is (?:a|an|"
    r"some|this) (?:\w+ )?(?:charge|fee)(?: \w+){0,5} (?:twice|never (?:had|used|ordered|asked|agreed)|"
    r"and i (?:never|did not))|\bfull (?:bill|price)\b(?=.*\b(?:for|no|not|when|empty)\b)|\bmilk\w* me\b|"
    r"\bsuch a (?:big|high) bill"
)
#: No reason named, only that the bill is not accepted.
_PLAIN = (
    r"\bdisput\w*|\b(?:i|we) (?:do not|did not|will not|can not) (?:owe|accept|recogni[sz]e) (?:this|that|"
    r"it|you|any|the|these|those|a penny|a cent|him|anything|such|one|nothing)(?! (?:number|voice|phone|"
    r"caller))|\bnot (?:my|our) bill\b|\b(?:do|did) not (?:agree|recogni[sz]e)(?: with)? (?:this|that|it|"
    r"the|these|those|your|any)? ?(?:at all|bill|charge|amount|figure|sum|debt|total|one bit)?$"
    r"|\bi (?:want|have|got|would like|need|wish) (?:to )?(?:query|contest|challenge|question|an issue|a "
    r"(?:problem|query|question) (?:with|about) (?:the|my|this|that) (?:bill|amount|charge|account))|"
    r"\bquery (?:the|my|this|that)|\b(?:contest|challenge|contesting|challenging) (?:the|this|that|my|"
    r"it)\b|\bnot (?:paying|going to pay)(?: \w+){0,4} (?:until|till)(?: \w+){0,5} (?:check\w*|explain\w*|"
    r"investigat\w*|correct\w*|look\w*|review\w*|fix\w*)"
)
#: "That is wrong": of the bill, where nothing was read back.
_IT_IS_WRONG = (
    r"\b(?:it|that|this|these)(?: \w+){0,2} (?:is|are|was|looks?|seems?|can|must be|sounds?|cannot) "
    r"(?:\w+ )?(?:wrong|incorrect|not (?:\w+ )?(?:right|correct|accurate|be right|add up|possible|what i "
    r"(?:owe|used|agreed))|be right|way (?:too|off|out)|too (?:much|high)(?! (?:trouble|to ask|hassle|"
    r"bother))|mistaken|outrageous|ridiculous|a mistake|double|inflated|an error|a joke|excessive|nonsense|triple)"
    r"|\bdoes not add up|\bsomething is (?:wrong|off|not right)|(?<!long )\b(?:way|miles) (?:off|out)\b"
)
DISPUTE = re.compile(f"{SERVICE}|{_METER}|{_OTHER}|{_CHARGED}|{_PLAIN}")
DISPUTE_IT = re.compile(_IT_IS_WRONG)
NO_DISPUTE = re.compile(
    r"\b(?:not (?:saying|claiming)(?: that)? (?:the |my )?bill is|bill is not wrong|nothing wrong with|"
    r"not disputing|not dispute|if (?:you|they)(?: still| ever)? cut|(?:not|never) (?:be |going to be "
    r")?pay(?:ing)? (?:it |for it )?twice|too much (?:trouble|to ask|hassle)|asking too much|no "
    r"(?:dispute|complaints|quarrel)|not a dispute|(?:tax|rental|tour|income tax) refund|bill is (?:fine|"
    r"right|correct)|times (?:a|this|today|in a)(?: \w+)? (?:is|was) too much)\b"
)
DISPUTE_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("meter", re.compile(_METER)),
    ("service", re.compile(SERVICE)),
    ("other", re.compile(_OTHER)),
    (
        "bill",
        re.compile(
            rf"{_CHARGED}|\bnot (?:my|our) bill\b|\b(?:used|made|consumed)\b|\b{_BILL}\b|\b(?:twice|double|"
            rf"much|high|expensive|price)\b"
        ),
    ),
    ("service", re.compile(rf"\b{_SUPPLY}\b|\b(?:fix|repair|staff|install)\w*\b")),
)
