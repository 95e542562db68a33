"""Words about a service that is to end or has ended, over normalised text: who depends on it, and the wish to have it back.

Whoever lives by a machine, or with a small child or an old person, is not to be cut off by a mistake: a person has to
look at it at once, so the words are taken wide.
"""

from __future__ import annotations

from typing import Final

from ari_app.dialogue.settling import Named, named

_NEEDS_ZH: Final = (
    r"呼吸机|制氧机|氧气机|吸氧|透析|医疗(设备|器械|仪器|机器)|(维持|救)生命"
    r"|孕妇|怀孕|卧床|瘫痪在床|(独居|孤寡)老人"
    r"|(家里|家中|屋里|屋里头|我家|我们家|家里面)(还|都|就|只|现在)?(?<!没)有.{0,6}"
    r"(婴儿|宝宝|新生儿|小孩|孩子|娃|老人|产妇|残疾|病人)"
    r"|(婴儿|宝宝|孩子|娃)(才|刚|只有|还不到)(满月|[一二三四五六七八九十几两0-9]+个?(月|天|岁))|几个月大的"
)
_BACK_ZH: Final = (
    r"恢复(供?[水电气暖网]|服务|供应|供暖|通信|通话|使用|信号|正常)|复机|复电|复供|复通"
    r"|(还|仍然?|依然|一直|怎么)(是)?没(有)?(给我|帮我)?(恢复|来[水电气]|通[水电气]|开通|复)"
    r"|(什么时候|多久|几点|何时|怎么|怎样|如何)(才)?(能|可以|会|给我|帮我)*(再)?"
    r"(恢复|来[水电气]|通[水电气]|重新开通)"
    r"|(给我|帮我|赶紧|赶快|快点|马上)(给我)?(恢复|重新开通|开机|接通)"
    r"|还(停着|断着|停机|停[水电气]|不能用|没法用|用不了)"
)
_NEEDS_EN: Final = (
    r"\b(ventilator|breathing machine|oxygen|dialysis|life support|bed ?ridden|wheelchair|pregnant|disabled"
    r"|medical (device|equipment|machine)s?|cpap|new ?born|infant|toddler"
    r"|(small|young) (child|children|kids)|little (one|ones|kids))\b"
    r"|\b(have|has|with|is) (a |an |my |our |two |twin )?(\w+ )?(baby|babies)\b"
    r"|\b(elderly|very old|eighty|ninety) (year old )?"
    r"(mother|father|mum|mom|dad|parents?|person|people|lady|man|relatives?|grandmother|grandfather)\b"
)
_BACK_EN: Final = (
    r"\b(restor(e|ed|ing)|reconnect(ed|ing|ion)?)\b"
    r"|\b(turn|turned|switch|switched|put|get)( \w+){0,3} back on\b"
    r"|\bwhen (will|do|does|can|is)( \w+){1,4} (back|on again|working again)\b"
    r"|\b(is|am|are|has|have|still)( \w+){0,2} "
    r"(cut off|disconnected|switched off|without (power|water|gas|service))\b"
    r"|\b(still|yet) (off|not (on|back|working)|no (power|water|gas|service|signal|heating))\b"
    r"|\bnot back( on)?\b"
)

SERVICE_WORDS: Final[dict[str, Named]] = {
    "zh": named((("special_needs", _NEEDS_ZH), ("restore_wanted", _BACK_ZH))),
    "en": named((("special_needs", _NEEDS_EN), ("restore_wanted", _BACK_EN))),
}
