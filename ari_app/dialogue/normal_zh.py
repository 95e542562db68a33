"""Chinese transcripts in one form: one script and width, no punctuation and fillers, regional words and common
mishearings in the words of the rules."""

from __future__ import annotations

import re
import unicodedata

from ari_app.dialogue.misheard_zh import MISHEARD
from ari_app.dialogue.numerals import ZH_NUMBER
from ari_app.dialogue.regional_zh import REGIONAL

_PUNCTUATION = re.compile(r"[\s,，。.、!！?？;；:：\"'“”‘’()（）…~—\-]+")
_FILLERS = re.compile(r"呃|(?<![金全余总数份差税限面名定])额(?!度|外)|就是说|然后呢|那个啥|怎么说呢|反正")
#: A filler "那个" is no "that one" when a pronoun, a verb or a number follows; before nouns it stays.
_THAT = re.compile(
    r"那个(?=那个|我|你|他|她|喂|嗯|明|后|下|这|月|什么|就|要|还|能|可|再|现|今|先|不|已|对|好|是|啥|$)|这个这个"
)
#: Recognisers return either script; only the characters of this vocabulary.
_SIMPLIFIED = str.maketrans(
    "電話繳費還錢說號這個機錄認識對嗎沒關係給誰問題賬單額數開轉貴發講萬兩幾點時間週禮後過聽見與為應該總間實訴請謝經決結確"
    "記現會買東車門體麼從來馬嘗試帳責線聯繫騷擾際業務員師爸媽兒媳舊兄爺麗愛歲處滯納約寬錯項內裡裏邊頭帶剛剩餘讓幫減訊"
    "網銀匯櫃營廳臺無與種別電錶表達僅詐騙騙難農醫壓傷薪資遲緩延續補貼優惠當罵閉嘴煩鬼鬧離開始終於曉陣鐘",
    "电话缴费还钱说号这个机录认识对吗没关系给谁问题账单额数开转贵发讲万两几点时间周礼后过听见与为应该总间实诉请谢经决结确"
    "记现会买东车门体么从来马尝试账责线联系骚扰际业务员师爸妈儿媳旧兄爷丽爱岁处滞纳约宽错项内里里边头带刚剩余让帮减讯"
    "网银汇柜营厅台无与种别电表表达仅诈骗骗难农医压伤薪资迟缓延续补贴优惠当骂闭嘴烦鬼闹离开始终于晓阵钟",
)
_COMPILED = tuple((re.compile(pattern), words) for pattern, words in (*MISHEARD, *REGIONAL))
_REPEATED = re.compile(
    r"(我我|你你|他他|这这|那那|就就|不不(?=是|要|会|能|行|对|用|知)|是是(?=的)|能能|可可以|什什么|没没有|已已经)"
)

#: Words said twice in one breath (下周五下周五), but not the digits of a number (三八三八).
_SAID_TWICE = re.compile(r"(?P<words>[\u4e00-\u9fff]{2,6}?)(?P=words)+")
_ONLY_NUMBER = re.compile(f"[{ZH_NUMBER}幺洞拐勾]+")


def _said_once(match: re.Match[str]) -> str:
    words = match["words"]
    return match.group() if _ONLY_NUMBER.fullmatch(words) or len(set(words)) == 1 else words


def normalise_zh(text: str) -> str:
    """One script, one width, no spaces, punctuation or fillers; regional words in those of the rules."""
    text = unicodedata.normalize("NFKC", text).lower().translate(_SIMPLIFIED)
    text = re.sub(r"(?<=[0-9]),(?=[0-9]{3})", "", text)
    text = re.sub(r"(?<=[0-9])\.(?=[0-9])", "点", text)
    text = re.sub(r"(?<=[0-9]):(?=[0-9]{2})", "点", text)
    text = _FILLERS.sub("", _PUNCTUATION.sub("", text))
    text = _REPEATED.sub(lambda match: match.group()[1:], text)
    for pattern, words in _COMPILED:
        text = pattern.sub(words, text)
    return _SAID_TWICE.sub(_said_once, _THAT.sub("", text))
