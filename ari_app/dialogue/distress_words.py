"""Words of somebody who speaks of ending his life, over normalised text. Taken wide: a person must look at it at once.

Figures of speech that everybody uses (气死我了, dying to know) are none.
"""

from __future__ import annotations

from typing import Final

from ari_app.dialogue.settling import Named, named

_ZH: Final = (
    r"自杀|轻生|寻短见|自尽|自残|割腕|跳楼|跳河|上吊|喝农药|安眠药"
    r"|(不想|没法|不愿意?)(再)?活(?!动)|活不下去|活着(也|还)?(真|太)?(没|有什么|有啥)(意思|劲|意义)"
    r"|(我|真|都|就|还|干脆|不如)(真的|都|就)*(想|要|去)死(?!你|他)|死了算了|一死了之|死给你(们)?看|逼死(我|人)|逼(我|人)(去|上)?(死|绝路)"
    r"|(结束|了结)(我|自己)?的?(生命|性命|一生|自己)|不在了就(好|解脱)|遗书"
)
_EN: Final = (
    r"\b(kill(ing)?|hang(ing)?|harm(ing)?|hurt(ing)?|shoot(ing)?|cut(ting)?) myself\b|\bsuicid(e|al)\b"
    r"|\bend(ing)? (it all|my (own )?life|everything)\b|\b(take|taking) my (own )?life\b"
    r"|\b(do|did) not want to (live|be alive|go on living|wake up)\b|\b(no|any) reason to (live|go on)\b"
    r"|\bnot worth living\b|\b(want|ready|rather) (to )?(die|be dead)\b|\bbetter off dead\b"
    r"|\bwish i (was|were) dead\b"
    r"|\bjump(ing)? (off|from|out of) (a|the) (bridge|roof|building|window)\b|\boverdose\b|\bcan not go on living\b"
)

DISTRESS_WORDS: Final[dict[str, Named]] = {
    "zh": named((("distress", _ZH),)),
    "en": named((("distress", _EN),)),
}
