"""What ``ari-app doctor`` asks of payments."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ari_app.errors import ConfigError
from ari_app.services.doctor import Check, fail, ok, warn

if TYPE_CHECKING:
    from ari_app.config import Settings


def check_payments(settings: Settings, now: datetime) -> list[Check]:
    """Whether the providers' keys can be used, the page is served, and WeChat's certificates are good for a while."""
    from ari_app.gateways.payments.wechat import WeChatPay
    from ari_app.payment_site import payment_keys, payment_providers

    wanted = settings.payments
    if wanted.base_url is None and not wanted.generic:
        return [
            ok("payments", "no page and no provider is set; payments come by hand, by file or by the API")
        ]
    try:
        providers = payment_providers(settings)
        if wanted.base_url is not None and settings.data_dir.is_dir():
            payment_keys(settings)
    except ConfigError as error:
        return [fail("payments", str(error), "mend the file, or take the provider out of the settings")]
    found = [
        ok("payments", f"page: {wanted.base_url or 'none'}, providers: {', '.join(providers) or 'none'}")
    ]
    if settings.api.port is None:
        mend = "set api.port, and let a proxy pass /pay/ and /payments/ on to it"
        found.append(warn("payments", "api.port is not set: nobody serves the page and the callbacks", mend))
    wechat = providers.get("wechat")
    until = wechat.certified_until if isinstance(wechat, WeChatPay) else None
    if until is not None and until - now < timedelta(days=30):
        mend = "put the platform's new certificate into payments.wechat.platform_cert_files"
        found.append(warn("payments", f"WeChat's certificate is good until {until:%Y-%m-%d}", mend))
    return found
