"""The checks of ``ari-app doctor`` about messages: templates, channels, and the secrets that they need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ari_app.errors import ConfigError
from ari_app.services.doctor import Check, fail, ok, warn

if TYPE_CHECKING:
    from ari_app.config import Settings


def check_messages(settings: Settings) -> list[Check]:
    """Every template can be used, every one that is named is there, and every channel has its secrets."""
    from ari_app.messaging import make_channels, template_directory
    from ari_app.services.messages.named import named_templates

    directory = template_directory(settings)
    mend = "mend the file; `ari-app messages check`"
    checks = [warn("message template", str(fault), mend) for fault in directory.problems]
    missing = sorted(name for name in named_templates(settings.dialplan_dir) if directory.find(name) is None)
    checks += [
        warn("message template", f"{name} is named, and cannot be used", "`ari-app messages check`")
        for name in missing
    ]
    try:
        channels = make_channels(settings)
    except ConfigError as error:
        return [*checks, fail("messages", str(error), "write the secret into its file, one line, mode 0600")]
    if not channels:
        return [*checks, ok("messages", "no channel in the settings, so none is sent")]
    names = ", ".join(f"{each.channel} by {each.provider}" for each in channels)
    checks.append(ok("messages", f"{names}; {len(directory.templates)} templates"))
    wanted = {name for name, each in directory.templates.items() if "pay_link" in each.required}
    if settings.payments.base_url is None and wanted:
        what = f"payments.base_url is not set, so {', '.join(sorted(wanted))} cannot be sent"
        checks.append(warn("payment links in messages", what, "set payments.base_url"))
    return checks


def message_secrets(settings: Settings) -> list[tuple[str, Path | None]]:
    """Files that hold secrets of channels, by what they are."""
    wanted = settings.messages
    files: list[tuple[str, Path | None]] = []
    for each in wanted.gateways:
        files += [
            (f"token of {each.provider}", each.bearer_file),
            (f"password of {each.provider}", each.password_file),
        ]
        if each.callbacks is not None:
            files.append((f"callback secret of {each.provider}", each.callbacks.secret_file))
    if wanted.email is not None:
        files.append(("mail server's password file", wanted.email.password_file))
    return files + [(f"secret of {each.channel}", each.secret_file) for each in wanted.messengers]
