"""Opens WebSockets to Asterisk's HTTP server, and says in a person's words why one could not be opened."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidMessage

from ari_app.asterisk.ari_types import AriSettings
from ari_app.errors import AriAppError, ConfigError, NotConnected

_MAX_MESSAGE = 16 * 1024 * 1024  # a list of 1,000 channels is about 400 kB
_CLOSE_SECONDS = 1.0


def basic_authorization(settings: AriSettings) -> dict[str, str]:
    """The ``Authorization`` header (RFC 7617); in a header and not in the address, so that no log shows it."""
    token = b64encode(f"{settings.user}:{settings.password}".encode()).decode("ascii")
    return {"Authorization": f"Basic {token}"}


async def open_socket(settings: AriSettings, *, open_timeout_s: float, ping_s: float) -> ClientConnection:
    """The socket for events and commands of the application.

    :raises InvalidStatus: the server answered with another status than 101.
    :raises OSError, WebSocketException, TimeoutError: there was no such server.
    """
    try:
        return await connect(
            settings.websocket_url("/ari/events") + "?" + urlencode({"app": settings.app}),
            additional_headers=basic_authorization(settings),
            compression=None,
            proxy=None,
            max_queue=4096,
            max_size=_MAX_MESSAGE,
            open_timeout=open_timeout_s,
            ping_interval=ping_s,
            ping_timeout=ping_s,
            close_timeout=_CLOSE_SECONDS,
        )
    except AssertionError as error:
        # websockets gives a connection up before its request is sent when the server speaks first (AMI, SSH ...),
        # and then asserts that it has not.
        raise InvalidMessage("the server spoke before it was asked") from error


def status_message(settings: AriSettings, status: int) -> str:
    """What an HTTP status in place of the WebSocket means and where to mend it."""
    if status == 401:
        return (
            f"Asterisk at {settings.url} refused the ARI user {settings.user!r}: the user or its password is wrong "
            "(ari.conf)"
        )
    if status == 404:
        return (
            f"the server at {settings.url} has no /ari/events: ARI is not enabled (ari.conf: enabled=yes), "
            "res_ari_events is not loaded, or it is not Asterisk's HTTP server (http.conf)"
        )
    if status == 400:
        return f"Asterisk refused the application name {settings.app!r}"
    return f"the server at {settings.url} answered {status} to the ARI connection"


def unreachable(settings: AriSettings, error: Exception) -> AriAppError:
    """The error for a server that is not there, or that speaks something else."""
    if isinstance(error, InvalidHandshake):
        return ConfigError(f"what answers at {settings.url} is no ARI WebSocket: {error}")
    return NotConnected(f"no Asterisk at {settings.url}: {reason(error)}")


def reason(error: Exception) -> str:
    """The error's own words, its kind where it has none."""
    return str(error) or type(error).__name__
