"""English: the places around a number that decide whether it is a sum about the bill."""

from __future__ import annotations

import re

#: "a few hundred": nobody can be sure of the sum.
FEW_BEFORE = re.compile(r"\b(few|couple of|couple|several|some|many|half a|odd|under|less than|below|above)$")
MORE_AFTER = re.compile(
    r"(and something|something|odd\b|ish\b|plus\b|or so\b|and change|per ?cent|percent|and a bit)"
)

#: What somebody earns, lives on or spends elsewhere.
_EARN = (
    r"(earn(ing|s)?|make|makes|making|bring(s|ing)? home|take home|live on|living on|lives on|survive on|"
    r"surviving on|"
    r"get by on|retired on|income|salary|wages?|pension|benefits?|paycheck|allowance|disability|takings|"
    r"savings|overdraft|"
    r"bursary|stipend|i only get|i just get|we only get|i get|"
    r"lost|borrowed|won|costs?|cost me|spent|spend|rent|mortgage|groceries|daycare|childcare|nursery|fuel|"
    r"insurance|tuition|"
    r"earned|worth|budget|owe my \w+|paid me|pays me|pay me|gives me|give me only)"
)
INCOME_BEFORE = re.compile(
    rf"\b{_EARN}( (is|are|was|of|at|only|about|just|like|around|maybe|barely|me|us|got|comes to|\w+ly|you "
    rf"see|it is|for|roughly|"
    rf"under|over|up to|nearly|a|another))*$"
)
INCOME_AFTER = re.compile(
    r"(to my name|in (my|the) (account|bank|pocket|purse|wallet)|left (to live|for (the|my)|until|till|"
    r"after)|to live on|"
    r"(a|per|every|each) (month|week|fortnight|year|hour) (disability|pension|salary|income|wages|before "
    r"tax|and rent|"
    r"benefit|and my rent|to live|after tax|on benefits|take home|from (my|the) (job|work|pension))|"
    r"(an|per) hour|a year\b|salary|pension|income|rent\b|(for|on|in) (rent|food|groceries|fuel|petrol|"
    r"gas\b|diesel|daycare|"
    r"tuition|wages|my (rent|kids|car|mortgage)|the (rent|kids|car|mortgage)))"
)

#: Numbers of something else.
NOT_SUM_BEFORE = re.compile(
    r"\b(garage|mechanic|vet|dentist|doctor|plumber|landlord|insurance|school|hospital)( has| have)? "
    r"(said|wants|wanted|quoted|asked for|charges?|charged|took)( me| us)?$|\b(meter|reading|readings|"
    r"reads|serial|flat|apartment|apt|number|unit|extension|"
    r"hot ?line|hot line|room|floor|house|building|block|street|door|postcode|zip|code|line on|dial|"
    r"dialled|rang|channel|"
    r"policy|reference|ref|ticket|route|bus|aged?|turned|turning|customer for|account ending|ending( in)?|"
    r"ends( in)?|digits( are)?|"
    r"version|chapter|size|level|half|lives at|live at|at|temperature|bed|ward|aisle|a level)"
    r"( (is|are|of|was|only|about|just|number|now|at|like|still|today|then|me))*$|"
    r"\b(call|ring|phone|reach|try)( me| us| him| her| them| back| again)* (on|at|around|about|after|before|by)$|"
    r"\b(i am|she is|he is|we are|they are)( only| nearly| almost| about| over| gone)?$"
)
NOT_SUM_AFTER = re.compile(
    r"((more |other |working |business |odd |straight |whole |long |different |bloody |flipping |missed |phone )?"
    r"(units|kilowatts?|kwh|kilowatt hours?|cubic|cubes|litres|gallons|percent|per cent|days?|weeks?|"
    r"months?|monthly|years?|times|minutes?|mins?|hours?|"
    r"seconds?|o clock|am|pm|a m|p m|o|installments?|people|kids|children|grandkids|street|road|avenue|"
    r"lane|drive|maple|calls|"
    r"th|st|nd|rd|of (us|them|you)|miles|kilometers|jobs|shifts|bedrooms?|bed|degrees|letters|emails|texts|messages|"
    r"storeys|floors|floor|customers|staff|workers|employees|tenants|flats|payments|parts|pieces|bits|"
    r"chunks|bills|accounts|"
    r"properties|houses|meters|reasons|questions|things|mouths|patients|students|passengers|cows|acres|hectares|"
    r"bags|boxes|year old|years old|fold|point|in the (morning|afternoon|evening)|at night|tonight at|sharp|ish)\b)"
)
YEAR_BEFORE = re.compile(
    r"\b(in|since|from|back in|of|until|till|year|before|after|during|around|early|late|march|april|may)$"
)
#: Words before a number that make it a sum, where the currency is left out.
PAYS_BEFORE = re.compile(
    r"\b(pay|paid|paying|send|sent|sending|transfer|transferred|manage|owe|owed|only|just|afford|give|"
    r"giving|gave|put|putting|least|for|"
    r"charged?|charging|bill|billed|took|taken|than|extra|spare|do|of|you|swing|throw|chuck|clear|settle|"
    r"the|that|this|other|remaining|"
    r"another|balance|total|amount|sum|bring|drop|offer|around|about|like|say|make it|it is|is|was|be|to|"
    r"full|whole|all|"
    r"lot|remainder|rest|with|and|or|then|cash|wire|wired|deposit|deposited|mailed|posted|even|maybe|"
    r"exactly|yet|up|not|"
    r"scrape|together|lay|hands?|see|find|stretch|cover|covers?|commit|cough|fork|fee|charge|debited|"
    r"deducted|down|out|get|"
    r"have|had|on|s)$"
)
#: What may follow a number that stands for a sum alone: the end, a date (blanked), a word of grammar.
PLAIN_AFTER = re.compile(
    r"$|\||(on|by|now|today|tomorrow|went|was|is|are|has|have|had|each|a|an|per|every|for|and|but|or|to|"
    r"this|that|the|then|so|"
    r"i|we|you|he|she|it|they|my|your|until|till|before|after|when|if|because|in|at|with|from|through|via|"
    r"as|not|no|yes|"
    r"will|would|can|could|should|do|did|does|thing|fee|charge|late|total|right|ok|okay|fine|please|"
    r"straight|max|tops|"
    r"maximum|minimum|only|already|just|bill|payment|came|off|of|out|up|down|here|there|next|first|last|more|"
    r"instead|exactly|altogether|all|though|how|what|sorry|hang|wait|make|pay|paid|says|went|goes|left|"
    r"owing|outstanding|due|"
    r"still|again|also|later|over|under|which|who|where|why|plus|must|seems|looks|nothing|balance|amount|"
    r"sure|thanks|thank|"
    r"maybe|probably|cash|towards|toward|against|into|onto|once|end|half|like|directly|comes|be|being|way|too)\b"
)
#: Where a meter is spoken of, what it shows.
METER_BEFORE = re.compile(
    r"\b(says|said|shows|showed|read|display(s|ed)?|it is|it was|at|on|was|is)( (about|only|now|like|"
    r"today|really|actually))*$"
)
#: A sum that is denied.
REFUSED_BEFORE = re.compile(
    r"(?<!if )(?<!why )\b(not|never|instead of|rather than|except)( (the|a|even|only|all|whole|full|for|of|"
    r"exactly|that|doing|do|saying|said|say))*$|\bnot even( \w+){0,3}$"
)
#: A sum that cannot be, where another one follows.
REFUSED_AFTER = re.compile(
    r"\b((can|could|will|would) not( \w+)? (do|manage|pay|afford|swing|stretch to|go to|make|give|find)|"
    r"not paying|never pay)( \w+)?( the| a| all)*$"
)
TOO_MUCH_AFTER = re.compile(
    r"(is |are |would be |seems |will be )?(a bit |far |way |just |still )?(too (much|high|steep|dear)|no "
    r"good|impossible)"
)
TAKEN_BACK = re.compile(
    r"\b(no|sorry|wait|actually|rather|scratch|correction|make it|make that|i meant|hang on|hold on|i "
    r"tell a lie|not that)\b"
)
#: Another sum, though it is as large as one before.
OTHER_BEFORE = re.compile(r"\b(other|another|remaining|rest|then|second|further)( \w+)?$|\band( \w+){0,3}$")
