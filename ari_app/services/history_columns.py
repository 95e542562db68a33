"""Columns of a payment history, and those that are not used: what a customer is, and whom he knows (requirement D20)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ari_app.errors import Problem

#: Names as in lists; those with True must be there.
HISTORY_FIELDS: dict[str, bool] = {
    "customerId": True,
    "accountId": True,
    "dueDate": True,
    "amountDue": True,
    "paidOn": False,
    "amountPaid": False,
    "brokenPromises": False,
    "calls": False,
    "callsAnswered": False,
    "disputes": False,
    "autoDebit": False,
    "debitFailed": False,
    "markers": False,
    "ageBand": False,
    "incomeBand": False,
    "relationsInArrears": False,
}

#: Headings that are understood besides the names; compared without case, blanks, _ and -.
HISTORY_ALIASES: dict[str, tuple[str, ...]] = {
    "customerId": ("customer", "客户编号", "客户号", "用户编号", "户号"),
    "accountId": ("account", "账户编号", "账户号", "账号", "合同号"),
    "dueDate": ("due", "到期日", "到期日期", "应缴日期", "缴费截止日"),
    "amountDue": ("amount", "账单金额", "应缴金额", "应付金额"),
    "paidOn": ("paymentDate", "缴清日期", "付清日期", "缴费日期"),
    "amountPaid": ("paid", "实缴金额", "已缴金额"),
    "brokenPromises": ("失约次数",),
    "calls": ("拨打次数",),
    "callsAnswered": ("接通次数",),
    "disputes": ("争议次数",),
    "autoDebit": ("directDebit", "自动扣费", "代扣"),
    "debitFailed": ("扣费失败",),
    "markers": ("恶意标记",),
    "ageBand": ("age", "年龄", "年龄段"),
    "incomeBand": ("income", "收入水平", "收入档次"),
    "relationsInArrears": ("关系人欠费数",),
}

#: So much of a heading is told.
LONGEST_HEADING = 100

#: The one column of social data that has a use, and that only with an authorisation.
SOCIAL_COLUMN = "relationsInArrears"

_SOCIAL = frozenset(
    {
        *("social", "friend", "friends", "relative", "relatives", "relation", "relations", "family", "kin"),
        *("spouse", "parents", "children", "neighbours", "neighbors", "colleagues", "phonebook", "followers"),
    }
)
_SOCIAL_ZH = (
    "社交",
    "社会关系",
    "关系人",
    "亲属",
    "亲友",
    "好友",
    "家庭",
    "家属",
    "通讯录",
    "人际",
    "紧急联系人",
)
_PROTECTED = frozenset(
    {
        *("gender", "sex", "ethnicity", "ethnic", "race", "religion", "religious", "nationality", "marital"),
        *("married", "health", "disability", "disabled", "pregnant", "pregnancy", "political", "politics"),
        *("orientation", "caste", "birthplace"),
    }
)
_PROTECTED_ZH = (
    "性别",
    "民族",
    "宗教",
    "信仰",
    "国籍",
    "婚姻",
    "婚否",
    "健康",
    "残疾",
    "怀孕",
    "政治",
    "党派",
    "籍贯",
)


def kind_of_heading(heading: str) -> str:
    """``social`` or ``protected`` for a column whose name says so, else ''."""
    words = {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Za-z][a-z]*", heading)}
    if words & _PROTECTED or any(part in heading for part in _PROTECTED_ZH):
        return "protected"
    if words & _SOCIAL or any(part in heading for part in _SOCIAL_ZH):
        return "social"
    return ""


def refused_columns(
    headings: Iterable[str], social_column: str | None, place: str, *, authorised: bool
) -> list[Problem]:
    """One problem for each column that must not be used; ``social_column`` is the heading of ``SOCIAL_COLUMN``."""
    problems = []
    for heading in headings:
        kind = "social" if heading == social_column else kind_of_heading(heading)
        if not kind or (heading == social_column and authorised):
            continue
        if kind == "protected":
            wrong = "says what a customer is, not how he pays: it is never used"
            allowed = "a file without the column, or --drop to leave it unread"
        elif heading == social_column:
            wrong = "is social data: it is not used without the customers' authorisation"
            allowed = "--authorise with what the customers have agreed to, or --drop to leave it unread"
        else:
            wrong = "is social data, and nothing uses it"
            allowed = (
                f"a file without the column, or --drop to leave it unread; only {SOCIAL_COLUMN} has a use"
            )
        problems.append(Problem(place, heading[:LONGEST_HEADING], wrong, allowed))
    return problems
