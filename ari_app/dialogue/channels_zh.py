"""Chinese: ways of paying out of normalised text."""

from __future__ import annotations

import re

from ari_app.dialogue.payment_words_zh import VERB

_CHANNELS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        (
            "wechatpay",
            (
                r"(?<!加)(?<!加个)(?<!加你)(?<!加我)(?<!发到我)(?<!发我)(?<!发到)(?<!给我)微信(?!小程序"
                r"|公众号|群|号码|好友|聊|联系|说|[上里]?(?:再)?(?:发|推|联系|说|聊|通知|告诉))"
            ),
        ),
        ("alipay", r"支付宝|花呗|余额宝(?!里)"),
        (
            "bank_transfer",
            (
                r"(?<!微信)(?<!支付宝)转账|网银|(?<!微信)汇款|汇(?:过去|给你|到)|转到.{0,6}(?:账|卡"
                r"|户)|(?<!微信)(?<!支付宝)转过去|对公|手机银行|网上银行|打到.{0,5}(?:账|卡|户)|银行(?:卡)?转"
                r"|打(?:进|入).{0,4}(?:账|户)"
            ),
        ),
        (
            "card",
            (
                r"刷卡|信用卡|银行卡(?!转|.{0,3}自动|都?被?冻|里|号)|储蓄卡|借记卡|工资卡(?!里)|刷.{0,3}卡"
                r"|visa|银联|万事达"
            ),
        ),
        (
            "cash_counter",
            (
                r"营业[厅所点部]|柜[台面]|窗口|现金(?!给[他她])|现钱|服务厅|缴费点|交费点|服务中心|收费[处点]"
                r"|物业(?:办公室|前台|中心|处)|网点|(?:缴费|办事|服务|营业)大厅"
            ),
        ),
        ("auto_debit", r"代扣|自动(?:扣|缴|还|划|付|充|续|交)|托收|委托扣|免密"),
        (
            "app",
            (
                r"(?<![a-z])app(?!.{0,3}(?:提示|显示|查|看|上看))|手机应用|掌厅|手厅|掌上|客户端|小程序"
                r"|公众号|(?:你们|那个|手机)(?:的)?软件"
            ),
        ),
        (
            "sms_link",
            r"短信.{0,12}(?:链接|网址|点进|点开|那个[交付])|(?:链接|网址).{0,12}短信|链接(?:里|上"
            r"|直接|点|进).{0,6}(?:{VERB}|点)|链接{VERB}|点(?:那个|一下|开|击|进)?(?:链接|网址|短信)"
            r"|(?:短信|链接).{0,10}点(?:进去|一下|开)".replace("{VERB}", VERB),
        ),
    )
)
_NOT_BEFORE = re.compile(
    r"(?:(?<![能可行])不|没|除了|别(?!的)|(?<![能可])不会|(?<!能)不能|不用|不想|没有|不要"
    r"|(?<!是)不是|不爱|懒得|从来不|甭|除开|除去|像|欠着?)"
    r"(?:会|想|能|用|要|走|绑|开通|在|去|到|使|玩|弄|装|下载|再|过|搞|有|什么|太|怎么)*$"
)
_NOT_AFTER = re.compile(
    r"^(?:我|是|都|也|上|里|又|现在|那个|账号|密码|真的?|可|根本|的话|早就|老|总)*"
    r"(?:(?<!会)不会|不用(?!的话)|不(?:太)?行|没有(?!问题)|用不(?!用)|不要|不好使|没绑|[交付]不[了上起进成]"
    r"|没钱|限额|登不|打不开|冻结|没开通|不方便|坏了|用不来|弄不|被(?:封|冻|盗|限|我)|忘了密码"
    r"|没装|不会弄|搞不|没下|那样|还完|还没还)"
)


def channels_zh(text: str) -> list[str]:
    """Ways of paying by their place, without the refused ones (除了支付宝, 支付宝我是不用的)."""
    found: list[tuple[int, str]] = []
    for name, pattern in _CHANNELS:
        places = list(pattern.finditer(text))
        if places and not any(_refused(text, place) for place in places):
            found.append((places[0].start(), name))
    return [name for _, name in sorted(found)]


def _refused(text: str, place: re.Match[str]) -> bool:
    return bool(_NOT_BEFORE.search(text[: place.start()]) or _NOT_AFTER.match(text[place.end() :]))
