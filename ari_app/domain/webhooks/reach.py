"""What a request that a third party has named may reach: no address inside, whatever its spelling (SSRF).

Special addresses are those of the IANA registries for IPv4 and IPv6 (RFC 6890 and its successors), and the addresses at
which clouds answer with the credentials of the machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_V4: Final[tuple[tuple[str, str], ...]] = (
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "a private network"),
    ("100.64.0.0/10", "a carrier's shared network"),
    ("127.0.0.0/8", "this machine"),
    ("169.254.0.0/16", "link-local, where clouds keep credentials"),
    ("172.16.0.0/12", "a private network"),
    ("168.63.129.16/32", "a cloud's service address"),
    ("192.0.0.0/24", "a protocol assignment"),
    ("192.0.2.0/24", "an example"),
    ("192.88.99.0/24", "a relay"),
    ("192.168.0.0/16", "a private network"),
    ("198.18.0.0/15", "a network for measurements"),
    ("198.51.100.0/24", "an example"),
    ("203.0.113.0/24", "an example"),
    ("224.0.0.0/4", "multicast"),
    ("240.0.0.0/4", "reserved"),
)
_V6: Final[tuple[tuple[str, str], ...]] = (
    ("::/127", "this machine"),
    ("::ffff:0:0/96", "an IPv4 address in IPv6 clothes"),
    ("::/96", "an IPv4 address in IPv6 clothes"),
    ("64:ff9b::/96", "a translated IPv4 address (NAT64)"),
    ("64:ff9b:1::/48", "a translated IPv4 address (NAT64)"),
    ("100::/64", "a black hole"),
    ("2001::/23", "a protocol assignment"),
    ("2001:db8::/32", "an example"),
    ("2002::/16", "a tunnelled IPv4 address (6to4)"),
    ("3fff::/20", "an example"),
    ("5f00::/16", "segment routing"),
    ("fc00::/7", "a private network"),
    ("fe80::/10", "link-local"),
    ("fec0::/10", "a private network"),
    ("ff00::/8", "multicast"),
)
_SPECIAL: Final[tuple[tuple[Network, str], ...]] = tuple(
    (ip_network(text), what) for text, what in (*_V4, *_V6)
)


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be reached beyond the public internet. ``ports``: the only ones, where any are named."""

    networks: tuple[Network, ...] = ()
    ports: tuple[int, ...] = ()

    @classmethod
    def of(cls, networks: Sequence[str], ports: Sequence[int] = ()) -> Reach:
        """Of networks as people write them (``10.1.0.0/16``, an address alone). Raises ValueError."""
        return cls(tuple(ip_network(text) for text in networks), tuple(ports))


#: The public internet and nothing else.
PUBLIC: Final = Reach()


def refused_address(text: str, reach: Reach) -> str:
    """Why an address is not connected to, in a few words; '' where it may be."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return "no address"
    if any(address.version == network.version and address in network for network in reach.networks):
        return ""
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if inner is not None and any(network.version == 4 and inner in network for network in reach.networks):
        return ""
    for network, what in _SPECIAL:
        if address.version == network.version and address in network:
            return what
    return "" if address.is_global else "not on the public internet"


def is_literal(host: str) -> bool:
    """Whether a host is an address and no name."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
