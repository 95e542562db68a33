"""State of the trunks, and re-reading of configuration after an edit; for operators and ``ari-app doctor``."""

from __future__ import annotations

from dataclasses import dataclass

from ari_app.asterisk.ami import AmiConnection


@dataclass(frozen=True, slots=True)
class TrunkContact:
    """One contact of an AOR as Asterisk sees it: ``status`` is Reachable, Unreachable, NonQualified, Unknown ..."""

    aor: str
    uri: str
    status: str
    round_trip_ms: float | None


async def trunk_contacts(ami: AmiConnection, endpoint: str) -> list[TrunkContact]:
    """Every contact of one PJSIP endpoint and whether it answers; none where it has no contact now.

    :raises RequestRefused: there is no such endpoint.
    :raises TelephonyError: Asterisk did not answer.
    """
    found = []
    for row in await ami.list_action("PJSIPShowEndpoint", {"Endpoint": endpoint}):
        if row.get("Event") == "ContactStatusDetail":
            microseconds = row.get("RoundtripUsec", "")
            found.append(
                TrunkContact(
                    aor=row.get("AOR", ""),
                    uri=row.get("URI", ""),
                    status=row.get("Status", "Unknown"),
                    round_trip_ms=int(microseconds) / 1000 if microseconds.isdecimal() else None,
                )
            )
    return found


async def trunk_registrations(ami: AmiConnection) -> dict[str, str]:
    """State of every outbound registration by its name: Registered, Rejected, Unregistered ...; empty without any."""
    rows = await ami.list_action("PJSIPShowRegistrationsOutbound")
    return {
        row.get("ObjectName", ""): row.get("Status", "Unknown")
        for row in rows
        if row.get("Event") == "OutboundRegistrationDetail"
    }


async def reload_module(ami: AmiConnection, module: str) -> None:
    """Have Asterisk read one module's configuration again (``pbx_config``, ``res_pjsip``), after an operator's edit.

    :raises ValueError: not a module's name.
    :raises TelephonyError: Asterisk refused or did not answer.
    """
    if not module.replace("_", "").isalnum() or not module.isascii():
        raise ValueError(f"not a module: {module[:60]!r}")
    await ami.action("Reload", {"Module": f"{module}.so"}, timeout_s=20.0)
