"""Chinese transcripts in one form: one script and width, no punctuation and fillers, regional words and common
mishearings in the words of the rules."""

from __future__ import annotations

import re
import unicodedata

_PUNCTUATION = re.compile(r"[\s,，。.、!！?？;；:：\"'“”‘’()（）…~—\-]+")
_FILLERS = re.compile(r"呃|额(?!度|外)|就是说|然后呢|那个啥|怎么说呢|反正")
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
#: Regional words and what recognisers make of the trade's words, in the order of replacement.
_WORDS: tuple[tuple[str, str], ...] = (
    (r"[教叫较](?=费(?!用))", "交"),
    (r"焦费|浇费|胶费|娇费", "交费"),
    (r"帐", "账"),
    (r"账丹|账担|账但|长单|涨单(?!价)", "账单"),
    (r"支付[保饱宝]|只付宝|知付宝|之付宝", "支付宝"),
    (r"[威维薇]信", "微信"),
    (r"[为位未]号(?=是|[零一二两三四五六七八九幺洞0-9])", "尾号"),
    (r"分[其七奇齐]", "分期"),
    (r"人[公功工宫]服务|人公|人功", "人工"),
    (r"机[七气]人", "机器人"),
    (r"投[素速诉]", "投诉"),
    (r"连接(?=发|给|到|短|我)|练接|链结", "链接"),
    (r"水[标彪]", "水表"),
    (r"电[标彪]", "电表"),
    (r"滞那金|质纳金|之纳金|制纳金", "滞纳金"),
    (r"代[口扣]|带扣", "代扣"),
    (r"(?<![么])咋个|咋(?!呼)|点样|怎样|哪能|怎么样(?=交|付|还|缴)", "怎么"),
    (r"啥子|啥(?!意)|乜嘢|乜|虾米|什么子", "什么"),
    (r"莫得|没得(?!意)|冇得|冇|无(?=钱|办法|法)|木有", "没有"),
    (r"俺们?|阿拉|偶(?!尔)|侬家", "我"),
    (r"恁|侬", "你"),
    (r"[伊佢](?=不|没|人|在|去|上|出|已|过|话|唔)", "他"),
    (r"唔(?=系|是|要|好|使|该|识|得|记)", "不"),
    (r"(?<![联关没])系(?=我|不系|本人|他|佢|咪|机主|啦|啊|呀|噃)", "是"),
    (r"嘅", "的"),
    (r"咁", "这么"),
    (r"几多|好多(?=钱|费|块)", "多少"),
    (r"边个|哪个(?=啊|呀|嘛|哦|喂|$)", "谁"),
    (r"边度|边处", "哪里"),
    (r"听日", "明天"),
    (r"今日", "今天"),
    (r"后日", "后天"),
    (r"琴日|寻日|昨儿(?:个)?", "昨天"),
    (r"明儿(?:个)?", "明天"),
    (r"今儿(?:个)?", "今天"),
    (r"后儿(?:个)?", "后天"),
    (r"星期|礼拜(?!堂)", "周"),
    (r"晓得", "知道"),
    (r"啵|噻|嘞|喽|咯|撒(?!谎)|嘛(?!上)|哩|嗦|嗷", ""),
    (r"給", "给"),
    (r"缴交|缴付|支付(?!宝)", "付"),
    (r"缴纳", "缴"),
    (r"钱钱", "钱"),
)
_COMPILED = tuple((re.compile(pattern), words) for pattern, words in _WORDS)
_REPEATED = re.compile(
    r"(我我|你你|他他|这这|那那|就就|不不(?=是|要|会|能|行|对|用|知)|是是(?=的)|能能|可可以|什什么|没没有|已已经)"
)


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
    return _THAT.sub("", text)
