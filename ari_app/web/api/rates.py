"""How often a token, or an address without one, has asked."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from ipaddress import IPv6Address, ip_address

from ari_app.domain.token_bucket import Allowance, Bucket, Taken, full_again_s, take

#: Addresses and tokens that are remembered; beyond that the one that has been quiet longest begins anew.
MOST_KNOWN = 20_000

#: Callbacks and receipts of one address. What is not signed is refused for the price of checking that.
PROVIDERS = Allowance(200.0, 2000)


class Rates:
    """A bucket for each token and one for each address. Kept in this process alone: they protect it, not the customers."""

    def __init__(
        self, tokens: Allowance, addresses: Allowance, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tokens, self._addresses, self._clock = tokens, addresses, clock
        self._buckets: OrderedDict[tuple[str, str], Bucket] = OrderedDict()

    def take_token(self, token_id: str) -> Taken:
        """A request with this token."""
        return self._take(("token", token_id), self._tokens)

    def take_address(self, address: str) -> Taken:
        """A request of this address without a token, or with one that is not known."""
        return self._take(("address", _network(address)), self._addresses)

    def take_provider(self, address: str) -> Taken:
        """A signed word of a provider: they come from few addresses, and many at once."""
        return self._take(("provider", _network(address)), PROVIDERS)

    def _take(self, key: tuple[str, str], allowance: Allowance) -> Taken:
        taken = take(self._buckets.get(key), allowance, self._clock())
        self._buckets[key] = taken.bucket
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST_KNOWN:
            self._buckets.popitem(last=False)
        return taken


def _network(address: str) -> str:
    """The address; of IPv6 the network that one customer of a provider has (RFC 6177), in which he has all addresses."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))


def rate_headers(bucket: Bucket, allowance: Allowance, retry_after_s: float = 0.0) -> Mapping[str, str]:
    """``X-RateLimit-*``, and ``Retry-After`` for a refusal; whole seconds, rounded up."""
    headers = {
        "X-RateLimit-Limit": str(allowance.burst),
        "X-RateLimit-Remaining": str(int(bucket.left)),
        "X-RateLimit-Reset": str(math.ceil(full_again_s(bucket, allowance))),
    }
    return headers | ({"Retry-After": str(math.ceil(retry_after_s))} if retry_after_s else {})
