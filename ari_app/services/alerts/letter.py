"""What stands in a notice of an alert: nothing of a customer but ids."""

from __future__ import annotations

from ari_app.ports.alerts import DueNotice


def subject_line(notice: DueNotice) -> str:
    """One line: severity, how far it has come, the rule's text."""
    late = "" if notice.level == 0 else f" overdue, level {notice.level}"
    line = f"[{notice.severity}{late}] {notice.text}"[:200]
    # More signs than the two that everybody thinks of end a line of a header.
    return "".join(sign if sign.isprintable() else " " for sign in line)


def body(notice: DueNotice) -> str:
    """The letter, in plain text. Instants are UTC."""
    lines = [
        notice.text,
        "",
        f"alert:        {notice.alert_id}",
        f"rule:         {notice.rule}",
        f"about:        {notice.subject}",
        f"raised:       {notice.raised_at:%Y-%m-%d %H:%M} UTC, {notice.count} time(s) so far",
        f"take it on:   by {notice.ack_due:%Y-%m-%d %H:%M} UTC",
    ]
    if notice.contact_due is not None:
        lines.append(f"speak to the customer: by {notice.contact_due:%Y-%m-%d %H:%M} UTC")
    if notice.copy:
        lines.append("You get this as a copy.")
    lines += [
        "",
        f"ari-app alerts ack {notice.alert_id} --by NAME",
        f"ari-app alerts show {notice.alert_id}",
        "",
    ]
    return "\n".join(lines)
