"""Wording that the guard looks for, by language and kind. Data: an operator's company list can only add to it.

The texts are matched in the form that ``guard.matchable`` gives them: lower case, one width, Chinese without spaces and
punctuation, English with single spaces.
"""

from __future__ import annotations

import re
from typing import Final

#: What tells an unverified listener what the call is about.
DEBT_WORDS: Final[dict[str, re.Pattern[str]]] = {
    "zh": re.compile(
        r"欠|逾期|账单|账款|滞纳|催收|催缴|催款|还款|还钱|债|应缴|缴费|缴纳|缴清|交费|付款|应付|未付|结清|停机|停供|停水|停电|停气"
        r"|复机|复供|分期|缓缴|减免|信用|征信"
        r"|[0-9零一二两三四五六七八九十百千万亿]+(?:块|元(?!素))"
    ),
    "en": re.compile(
        r"\b(owe[sd]?|owing|debts?|debtors?|arrears|overdue|past due|outstanding|unpaid|late fees?|collect(ions?|ing|ors?)?"
        r"|delinquen\w*|balance|bills?|billing|invoices?|pay(s|ing|ments?|able)?|paid|repay\w*|amount due|due date|credit"
        r"|instal+ments?|disconnect\w*|suspen(d|ds|ded|sion)|dollars?|yuan|pounds|euros?|rupees)\b|[$£€¥]"
    ),
}

#: Threats, insults, pressure through others, invented consequences: never spoken, verified or not (D16).
FORBIDDEN: Final[dict[str, re.Pattern[str]]] = {
    "zh": re.compile(
        r"坐牢|判刑|刑事|逮捕|拘留|牢房|抓你|抓人|抓您|警察|公安|派出所|报警"
        r"|老赖|无赖|赖账|骗子|不要脸|丢人|丢脸|没良心|可耻|废物|垃圾人|白痴|混蛋|王八|滚(?!动|轮|筒)|去死|弄死|打断你"
        r"|后果自负|严重后果|给你好看|给您好看|等着瞧|走着瞧|别怪我们|曝光|黑名单|堵门|泼油漆"
        r"|上门(?!核查|检查|查看|维修|检修|抄表|服务)|去你家|到你家|到您家里来"
        r"|(通知|告诉|联系|找|打给|打电话给)(你|您)(们)?的?(家人|家里人|父母|爸妈|子女|孩子|配偶|老婆|老公|妻子|丈夫|亲戚|亲友|朋友"
        r"|邻居|单位|公司|领导|老板|同事|学校|老师|房东)"
        r"|通讯录|影响(你|您)?(子女|孩子|家人)"
        r"|(去|到|上|来|找到|闹到|告到|跑到)(你|您)(们)?的?(家|单位|公司|学校|店|村|小区|办公室|门口)(?!附近的?营业厅)|闹(事|大|得|你)|就去闹|派人|找人(来|去|收拾|上门)"
        r"|收拾(你|您)|(你|您)(就|可)?(完蛋|完了|死定|惨了)|不得好死|身败名裂|抬不起头|混不下去|没法做人|没脸见人|(你|您)全家|贴告示|大字报"
        r"|(发|晒)(到|在)(朋友圈|网上|群里)|人渣|畜生|贱人|穷鬼|骗吃骗喝|欠钱不还|不是人|素质低|缺德|吓死|打死|砍|弄残"
    ),
    "en": re.compile(
        r"\b(jail|prison|arrest(ed|s)?|handcuff\w*|police|sheriff|criminals?|crime|prosecut\w*|deadbeats?|liars?|thie(f|ves)|scum"
        r"|idiots?|stupid|shame(ful)?|disgrace\w*|blacklist(ed)?|or else|(serious|severe|grave) consequences"
        r"|face the consequences|ruin(ed)?|expose you|you will regret|you ll regret|last warning"
        r"|know where you (live|work)|watch your back|(we|i) (will|ll) (find|get|hunt|hurt|beat|kill) you|break your \w+"
        r"|scumbags?|losers?|worthless"
        r"|pathetic|crooks?|cheats?|fraudsters?|shut up|deport\w*|immigration"
        r"|(take|lose|losing) (away )?your (house|home|car|kids|children|job)"
        r"|everyone (will|ll) know|post (it|this|your \w+) (online|on)"
        r"|(come|coming|turn up|show up|drop by) (round )?(to|at) your (house|home|work\w*|office|job|school)"
        r"|(come|coming|turn up|send (someone|somebody|people)) (round )?(to|at) your (home|house|door|work\w*|office)"
        r"|(tell|call|inform|contact|ring|notify|speak to|talk to) your (family|parents|mother|father|children|kids|wife"
        r"|husband|spouse|partner|relatives|neighbou?rs?|friends"
        r"|employer|boss|manager|colleagues|co workers|workplace|landlord|school))\b"
    ),
}

#: Legal means and entries in credit registers: only where the case stands at that stage (D17).
LEGAL: Final[dict[str, re.Pattern[str]]] = {
    "zh": re.compile(
        r"法院|起诉|诉讼|打官司|仲裁|律师|法务部|法律(责任|手段|程序|途径|后果|行动|措施)|强制执行|查封|冻结|扣押|失信"
        r"|征信|信用(记录|报告|评分|分)"
    ),
    "en": re.compile(
        r"\b(court|courts|lawsuits?|sue|sued|suing|litigat\w*|arbitration|lawyers?|attorneys?|solicitors?|bailiffs?|enforcement"
        r"|legal (action|proceedings|steps|means|measures|liability|consequences|department)|seiz\w*|garnish\w*|freeze your"
        r"|credit (bureau|bureaus|report|reports|record|records|score|scores|file|rating|history))\b"
    ),
}

#: A machine that says it is a person (DESIGN: "are you a robot" is answered truthfully).
PRETENCE: Final[dict[str, re.Pattern[str]]] = {
    "zh": re.compile(
        r"我(是|就是)(一?个?)?(真人|活人|人工客服|客服人员|工作人员)|我不是(机器人|机器|语音助手|ai|人工智能|电脑)"
    ),
    "en": re.compile(
        r"\bi a?m (really |actually )?(a |an )?((real|human|live) ?)+(person|being|agent|operator)?\b"
        r"|\bi a?m (really )?not (a |an )?(robot|machine|bot|computer|ai|automated|recording)\b"
    ),
}

#: Names of people and companies that tell a stranger what the call is about; narrower than DEBT_WORDS, since Bill and
#: First Credit Bank are names.
TELLING_NAMES: Final = re.compile(
    r"欠费|欠款|逾期|账单|催|讨债|要债|收债|还款|\b(overdue|debts?|arrears|owe[sd]?|unpaid|collections?|collectors?|recovery|recoveries)\b",
    re.IGNORECASE,
)
