"""Which column of a list holds which field."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ari_app.errors import InputError, Problem
from ari_app.services.account_row import FIELDS
from ari_app.services.model_problems import nearest

#: Headings that are understood without being told, besides the names themselves; compared without case, blanks, _ and -.
ALIASES: dict[str, tuple[str, ...]] = {
    "customerId": ("customer", "cid", "客户编号", "客户号", "客户ID", "用户编号", "用户号", "户号"),
    "name": ("customerName", "fullName", "姓名", "客户姓名", "客户名称", "用户姓名", "户名"),
    "phone": (
        "mobile",
        "phoneNumber",
        "telephone",
        "tel",
        "手机",
        "手机号",
        "手机号码",
        "电话",
        "电话号码",
        "联系电话",
    ),
    "accountId": ("account", "账户编号", "账户号", "账户ID", "账号", "帐号", "合同号"),
    "billId": ("bill", "invoice", "invoiceId", "账单编号", "账单号", "账单ID", "帐单号"),
    "amountDue": ("amount", "balance", "欠费金额", "应付金额", "应缴金额", "应收金额", "欠款金额", "金额"),
    "dueDate": ("due", "到期日", "到期日期", "应缴日期", "应付日期", "缴费截止日", "还款日"),
    "agingBucket": ("bucket", "账龄", "账龄桶"),
    "preferredTimeWindow": ("preferredTime", "timeWindow", "方便时段", "联系时段", "偏好时段"),
    "language": ("lang", "语言"),
    "currency": ("币种", "货币"),
    "timezone": ("tz", "时区"),
    "phone2": ("mobile2", "手机2", "手机号2", "电话2", "备用电话", "备用手机"),
    "phone3": ("mobile3", "手机3", "手机号3", "电话3", "备用电话2", "备用手机2"),
    "otherPhones": ("phones", "otherNumbers", "其他电话", "其他号码", "备用号码"),
    "email": ("e-mail", "mail", "emailAddress", "邮箱", "电子邮箱", "邮件"),
    "appUser": ("appUserId", "pushId", "APP用户", "APP用户编号", "推送编号"),
    "imUser": ("imUserId", "IM用户", "IM账号"),
    "wecomUser": ("wecom", "wecomUserId", "企业微信", "企业微信账号"),
    "dingtalkUser": ("dingtalk", "dingtalkUserId", "钉钉", "钉钉账号"),
    "feishuUser": ("feishu", "feishuOpenId", "飞书", "飞书账号"),
    "wechatUser": ("wechat", "openId", "微信", "微信号"),
    "service": ("serviceType", "业务", "业务类型", "服务类型"),
    "feeItems": ("fees", "费用明细", "账单明细", "欠费明细"),
    "lateFee": ("penalty", "滞纳金", "违约金"),
    "serviceState": ("停复状态", "服务状态", "停复供状态"),
    "suspensionOn": ("suspensionDate", "停机日期", "停供日期"),
    "suspensionAt": ("suspensionTime", "停机时间", "停供时间"),
    "customerLevel": ("客户等级", "客户级别"),
    "riskLevel": ("risk", "风险等级"),
    "brokenPromises": ("违约次数", "失约次数"),
    "goodRecord": ("信用良好", "缴费良好"),
    "legalStage": ("法务阶段", "已移交法务"),
    "minor": ("未成年", "未成年人"),
    "region": ("地区", "区域", "城市"),
    "ageBand": ("age", "年龄", "年龄段"),
    "incomeBand": ("income", "收入水平", "收入档次"),
    "debtType": ("欠费类型",),
    "debtCause": ("欠费原因",),
    "score": ("信用评分", "评分"),
    "scoreModel": ("评分模型",),
    "earlyWarning": ("欠费预警", "预警"),
}


def match_columns(
    headings: tuple[str, ...],
    mapping: Mapping[str, str],
    source: str,
    *,
    require: bool = True,
    fields: Mapping[str, bool] = FIELDS,
    aliases: Mapping[str, tuple[str, ...]] = ALIASES,
) -> dict[str, str]:
    """Which heading holds which field: as ``mapping`` says, else by the field's name or an alias.

    ``fields`` are the fields of the file, with those True that must be there.

    Raises InputError for a mapping to an unknown field or column, for two columns of one field, and (with ``require``)
    for a required field without a column.
    """
    if not headings and require:
        return {}
    problems: list[Problem] = []
    found: dict[str, str] = {}
    for name, heading in mapping.items():
        if name not in fields:
            problems.append(Problem(source, f"map {name}", "is not a field", nearest(name, fields)))
        elif heading in headings:
            found[name] = heading
        elif require:
            problems.append(
                Problem(
                    source, f"map {name}", f"no column {heading[:100]!r}", ", ".join(filter(None, headings))
                )
            )
    for name in fields:
        if name in mapping:
            continue
        known = {_plain(name), *map(_plain, aliases[name])}
        fitting = [
            heading for heading in headings if _plain(heading) in known and heading not in mapping.values()
        ]
        exact = [heading for heading in fitting if _plain(heading) == _plain(name)]
        if len(set(fitting)) > 1 and len(exact) != 1 and require:
            problems.append(
                Problem(
                    source, name, f"two columns could be it: {', '.join(fitting)}", f"--map {name}=COLUMN"
                )
            )
        elif fitting:
            found[name] = (exact or fitting)[0]
        elif fields[name] and require:
            problems.append(
                Problem(
                    source,
                    name,
                    "no column of this name",
                    f"{name}, {', '.join(aliases[name])}, or --map {name}=COLUMN",
                )
            )
    doubled = sorted(
        {heading for heading in headings if heading and headings.count(heading) > 1} & set(found.values())
    )
    problems += [
        Problem(source, heading, "two columns have this heading", "each heading once") for heading in doubled
    ]
    if problems and require:
        raise InputError(problems)
    return found


def _plain(heading: str) -> str:
    return re.sub(r"[\s_\-]+", "", heading).lower()
