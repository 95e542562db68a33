"""Asterisk modules that the product cannot work without."""

from __future__ import annotations

REQUIRED_MODULES: frozenset[str] = frozenset(
    {
        "app_mixmonitor",
        "app_stasis",
        "bridge_simple",
        "bridge_softmix",
        "cdr_csv",
        "chan_pjsip",
        "chan_websocket",
        "codec_alaw",
        "codec_resample",
        "codec_ulaw",
        "format_wav",
        "pbx_config",
        "res_ari",
        "res_ari_applications",
        "res_ari_asterisk",
        "res_ari_bridges",
        "res_ari_channels",
        "res_ari_endpoints",
        "res_ari_events",
        "res_ari_playbacks",
        "res_ari_recordings",
        "res_http_websocket",
        "res_pjsip",
        "res_pjsip_caller_id",
        "res_pjsip_endpoint_identifier_ip",
        "res_pjsip_outbound_registration",
        "res_pjsip_sdp_rtp",
        "res_pjsip_session",
        "res_rtp_asterisk",
        "res_sorcery_config",
        "res_stasis",
        "res_stasis_playback",
        "res_stasis_recording",
        "res_stasis_snoop",
        "res_timing_timerfd",
        "res_websocket_client",
    }
)
"""Names without ``.so``; needed on the PBX and on the lab's carrier alike."""


def running_modules(module_show: str) -> frozenset[str]:
    """Names (without ``.so``) of the modules that the CLI's ``module show`` lists as running.

    A line reads ``NAME.so  DESCRIPTION  USE-COUNT  Running|Not Running  SUPPORT-LEVEL``.
    """
    names: set[str] = set()
    for line in module_show.splitlines():
        words = line.split()
        if len(words) < 4 or not words[0].endswith(".so") or words[-2] != "Running":
            continue
        if words[-3] != "Not":
            names.add(words[0].removesuffix(".so"))
    return frozenset(names)
