"""Loopback ports of one Asterisk instance, picked so that instances running side by side never share one.

The range below Linux's ephemeral ports is cut into blocks; an instance takes a whole block. A socket bound to
the block's last port guards it for as long as the :class:`InstancePorts` lives, across processes and users; the
kernel frees it when the process ends. An Asterisk that outlives its starter still holds the block's SIP, HTTP
and AMI ports, so the block is seen as taken then as well.
"""

from __future__ import annotations

import os
import socket
import weakref
from dataclasses import dataclass

from ari_app.errors import TelephonyError

_FIRST, _LAST = 10_000, 32_767
_BLOCK = 750
_BLOCKS = (_LAST - _FIRST + 1) // _BLOCK
_RTP_OFFSET = 10
MAX_RTP_PORTS = _BLOCK - _RTP_OFFSET - 2


class PortInUse(TelephonyError):
    """A port that an instance needs is taken by another process."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class InstancePorts:
    """UDP ports ``sip``, ``silent`` (kept unanswered, for a trunk that never replies) and ``rtp_start..rtp_end``
    (both ends included; a call uses two); TCP ports ``http`` (ARI and media sockets) and ``ami``."""

    sip: int
    http: int
    ami: int
    silent: int
    rtp_start: int
    rtp_end: int

    @classmethod
    def free(cls, *, rtp_ports: int = 500, host: str = "127.0.0.1") -> InstancePorts:
        """Free ports that no other instance on this machine has or is about to take.

        :param rtp_ports: size of the RTP range, two ports a call; 2 to :data:`MAX_RTP_PORTS`.
        :raises PortInUse: every block is taken.
        """
        if not 2 <= rtp_ports <= MAX_RTP_PORTS:
            raise ValueError(f"rtp_ports must be 2 to {MAX_RTP_PORTS}, not {rtp_ports}")
        start = os.getpid() % _BLOCKS
        for step in range(_BLOCKS):
            base = _FIRST + (start + step) % _BLOCKS * _BLOCK
            guard = _guard(host, base + _BLOCK - 1)
            if guard is None:
                continue
            ports = cls(
                base, base + 1, base + 2, base + 3, base + _RTP_OFFSET, base + _RTP_OFFSET + rtp_ports - 1
            )
            if ports.taken(host):
                guard.close()
                continue
            weakref.finalize(ports, guard.close)
            return ports
        raise PortInUse(f"all {_BLOCKS} port blocks between {_FIRST} and {_LAST} are taken")

    def taken(self, host: str = "127.0.0.1") -> list[str]:
        """Which of the ports another process holds, as ``TCP 127.0.0.1:8088 (http)``; empty when all are free."""
        wanted = [
            ("UDP", self.sip, "sip", socket.SOCK_DGRAM),
            ("TCP", self.http, "http", socket.SOCK_STREAM),
            ("TCP", self.ami, "ami", socket.SOCK_STREAM),
        ]
        return [
            f"{transport} {host}:{port} ({name})"
            for transport, port, name, kind in wanted
            if not _can_bind(host, port, kind)
        ]


def _can_bind(host: str, port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:
            # As Asterisk does: connections in TIME_WAIT do not count, a listener does.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            if kind is socket.SOCK_STREAM:
                probe.listen(1)
        except OSError:
            return False
    return True


def _guard(host: str, port: int) -> socket.socket | None:
    guard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        guard.bind((host, port))
    except OSError:
        guard.close()
        return None
    return guard
