"""Joins the alerts of the settings to the controller."""

from __future__ import annotations

from datetime import UTC
from functools import partial

from ari_app.config import Settings
from ari_app.domain.alerts.alert import Severity
from ari_app.domain.compliance import zone_of
from ari_app.gateways.alerts.mail import MailNotifier, MailTerms
from ari_app.http_api import Show
from ari_app.ports import Clock
from ari_app.services.alerts.alert_file import ALERT_FILE
from ari_app.services.alerts.alert_watch import AlertBooks, AlertWatch
from ari_app.store.sqlite_store import SqliteStore


def alert_watch(settings: Settings, store: SqliteStore, clock: Clock, show: Show | None = None) -> AlertWatch:
    """What looks at the rules of alerts; its figures are added to the metrics."""
    watch = AlertWatch(
        store.alerts,
        AlertBooks(settings.dialplan_dir / ALERT_FILE),
        clock,
        zone_of(settings.defaults.timezone) or UTC,
        mail_notifier(settings),
    )
    if show is not None:
        for severity in Severity:
            show("alerts", partial(watch.counts.__getitem__, severity), severity.value)
    return watch


def mail_notifier(settings: Settings) -> MailNotifier | None:
    """Who writes to people; None where the settings name no mail server."""
    wanted = settings.alerts
    if wanted.smtp_host is None:
        return None
    password = wanted.smtp_password
    return MailNotifier(
        MailTerms(
            wanted.smtp_host,
            wanted.smtp_port,
            wanted.sender,
            wanted.smtp_tls,
            wanted.smtp_user,
            "" if password is None else password.get_secret_value(),
        )
    )
