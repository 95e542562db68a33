"""The sound of one call in Asterisk: a media channel, its socket, and the bridge that joins it with the customer.

A media socket that ends while the call goes on is replaced: a new media channel (``CALL-media2`` ...), its socket, the
same bridge. The customer's channel, and with it the recording, is not touched.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Protocol, TypeVar

import structlog

from ari_app.asterisk.dial_string import BRIDGE_SUFFIX, media_channel_id
from ari_app.asterisk.media import ChanWebsocketMedia
from ari_app.errors import MediaClosed, NotConnected, TelephonyError
from ari_app.ports import Ari, AriReply

log = structlog.get_logger(__name__)

_T = TypeVar("_T")

RESTORE_S = 1.5
"""How long the customer may wait for his sound; then it is given up."""
RESTORE_TRIES = 2
RESTORE_PAUSE_S = 0.1
MOST_RESTORED = 5
"""Times that one call's sound is restored; a socket that breaks more often will break again."""


class SoundOwner(Protocol):
    """What the sound of a call needs of the telephony adapter."""

    app: str
    setup_timeout_s: float

    @property
    def ari(self) -> Ari: ...

    async def open_media(self, connection_id: str) -> ChanWebsocketMedia: ...

    def release_later(self, uri: str) -> None: ...


class MediaLeg:
    """Media channels of one call, one at a time; ``over`` tells that the call needs none any more."""

    def __init__(self, owner: SoundOwner, call_id: str, over: Callable[[], bool]) -> None:
        self.media: ChanWebsocketMedia | None = None
        self._owner = owner
        self._call_id = call_id
        self._bridge_id = call_id + BRIDGE_SUFFIX
        self._over = over
        self._number = 0
        self._entered: asyncio.Future[None] | None = None
        self._restored = 0
        self._bridge_asked = False

    @property
    def _channel_id(self) -> str:
        return media_channel_id(self._call_id, self._number)

    def uris(self) -> list[str]:
        """What may be left in Asterisk and is to be deleted."""
        found = [f"channels/{self._channel_id}"] if self._number else []
        return [*found, f"bridges/{self._bridge_id}"] if self._bridge_asked else found

    def create(self) -> Coroutine[object, object, AriReply]:
        """Ask for a media channel under the next id; what is returned is to be awaited."""
        self._number += 1
        self._entered = asyncio.get_running_loop().create_future()
        external = {
            "app": self._owner.app,
            "channelId": self._channel_id,
            "external_host": "INCOMING",
            "transport": "websocket",
            "encapsulation": "none",
            "connection_type": "server",
            "format": "slin16",
            "transport_data": "f(json)",
        }
        return self._owner.ari.request("POST", "channels/externalMedia", params=external)

    def create_bridge(self) -> Coroutine[object, object, AriReply]:
        """Ask for the bridge; what is returned is to be awaited."""
        self._bridge_asked = True
        params = {"type": "mixing,proxy_media", "bridgeId": self._bridge_id}
        return self._owner.ari.request("POST", "bridges", params=params)

    async def connect(self, reply: AriReply) -> None:
        """Open the socket of the channel that was created. Raises TelephonyError."""
        media = await self._owner.open_media(_connection_id(reply.body))
        if self._over():
            await media.close()
            return
        self.media = media
        media.restore_with(self._restore)

    def entered(self, channel_id: str) -> None:
        """A media channel of this call is in the application."""
        waiter = self._entered
        if waiter is not None and channel_id == self._channel_id and not waiter.done():
            waiter.set_result(None)

    async def in_stasis(self) -> None:
        """Wait until the media channel may join a bridge."""
        if self._entered is not None:
            await self._entered

    async def join(self, *others: str) -> None:
        """Put the media channel, and ``others``, into the bridge. Raises TelephonyError."""
        # Inhibited, or the bridge makes the media channel the customer's connected line: an anonymous INVITE.
        params = {"channel": ",".join([*others, self._channel_id]), "inhibitConnectedLineUpdates": "true"}
        await self._owner.ari.request("POST", f"bridges/{self._bridge_id}/addChannel", params=params)

    # --- a lost socket --------------------------------------------------------------------------

    async def _restore(self) -> None:
        """Give the call a new media channel. Raises MediaClosed when it shall have none, or none can be had in time."""
        self._restored += 1
        if self._over() or self._restored > MOST_RESTORED:
            raise MediaClosed("the media socket has ended")
        tries = 0
        try:
            async with asyncio.timeout(RESTORE_S):
                while True:
                    try:
                        await self._replace()
                    except NotConnected:
                        pass  # nothing was asked; the connection may be back in a moment
                    except MediaClosed:
                        raise
                    except TelephonyError as error:
                        log.info(
                            "a new media channel was not to be had", call_id=self._call_id, error=str(error)
                        )
                        tries += 1
                        if tries >= RESTORE_TRIES:
                            raise MediaClosed(f"no new media channel could be had: {error}") from error
                    else:
                        return
                    await asyncio.sleep(RESTORE_PAUSE_S)
        except TimeoutError as error:
            raise MediaClosed("no new media channel could be had in time") from error

    async def _replace(self) -> None:
        media, before = self.media, self._channel_id
        if self._over() or media is None:
            raise MediaClosed("the call is over")
        creating = self.create()
        self._owner.release_later(f"channels/{before}")  # its socket is gone, and it with it, as a rule
        reply = await creating
        await media.reopen(_connection_id(reply.body), RESTORE_S)
        await self.in_stasis()
        await self.join()
        if not media.connected:
            raise TelephonyError("the new media socket ended at once")


async def all_or_first_error(asked: list[Coroutine[object, object, _T]]) -> list[_T]:
    """Await all, in the order in which they were asked; none is cancelled for another's error.

    :raises TelephonyError: the first of their errors, after all have ended.
    """
    results = await asyncio.gather(*asked, return_exceptions=True)
    done: list[_T] = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        done.append(result)
    return done


def _connection_id(body: object) -> str:
    variables = body.get("channelvars") if isinstance(body, Mapping) else None
    value = variables.get("MEDIA_WEBSOCKET_CONNECTION_ID") if isinstance(variables, Mapping) else None
    if not isinstance(value, str) or not re.fullmatch(r"[0-9A-Za-z_-]{1,80}", value):
        raise TelephonyError("Asterisk named no media socket: chan_websocket is missing or too old")
    return value
