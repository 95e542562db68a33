"""What a request may reach: nothing inside, whatever its spelling."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.webhooks.reach import Reach, refused_address
from ari_app.services.webhooks.addresses import refused_url

pytestmark = pytest.mark.pure

NOBODY = Reach()
INSIDE = (
    "127.0.0.1",
    "127.255.0.9",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "169.254.169.254",
    "172.31.255.255",
    "168.63.129.16",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2001::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
    "fec0::1",
)


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_refused(address: str) -> None:
    assert refused_address(address, NOBODY)
    host = f"[{address}]" if ":" in address else address
    assert refused_url(f"https://{host}/hook", NOBODY)


@pytest.mark.parametrize("address", ["8.8.8.8", "114.114.114.114", "2606:4700::1111", "2400:3200::1"])
def test_addresses_of_the_internet_are_not(address: str) -> None:
    assert refused_address(address, NOBODY) == ""


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_in_other_clothes_is_never_let_through(number: int) -> None:
    four = IPv4Address(number)
    for clothes in (
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address(number),
        IPv6Address((0x64FF9B << 96) | number),
    ):
        assert refused_address(str(clothes), NOBODY)
    if four.is_private or four.is_loopback or four.is_link_local or four.is_multicast:
        assert refused_address(str(four), NOBODY)


def test_what_is_allowed_is_let_through_and_nothing_beside_it() -> None:
    reach = Reach.of(["10.20.0.0/16", "127.0.0.1", "fd00:1::/64"])
    assert [
        bool(refused_address(each, reach))
        for each in ("10.20.3.4", "10.21.3.4", "127.0.0.1", "127.0.0.2", "::ffff:10.20.0.1", "fd00:1::5")
    ] == [False, True, False, True, False, False]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://e.example/x", "https"),
        ("file:///etc/passwd", "https"),
        ("https:///x", "https"),
        ("https://user@e.example/", "user"),
        ("https://:pass@e.example/", "user"),
        ("https://e.example:99999/", "web address"),
        ("https://e.example/ x", "web address"),
        ("https://e.example/\r\nx", "web address"),
        ("https://" + "e" * 2000, "web address"),
        ("https://[::1/", "web address"),
        ("http://169.254.169.254/latest/meta-data", "link-local"),
        ("http://１２７.０.０.１/", "ASCII"),
        ("http://169。254。169。254/", "ASCII"),
        ("http://①②⑦.0.0.1/", "ASCII"),
        ("http://127.0.0.\u00ad1/", "ASCII"),
        ("http://%31%32%37.0.0.1/", "ASCII"),
        ("http://a.example\\.b.example/", "ASCII"),
        ("http://[fe80::1%25eth0]/", "link-local"),
    ],
)
def test_urls_that_are_none_are_refused(url: str, why: str) -> None:
    assert why in refused_url(url, NOBODY)


def test_ports_may_be_limited() -> None:
    only = Reach.of([], [443])
    assert refused_url("https://e.example/hook", only) == ""
    assert refused_url("http://e.example/hook", only) == "the port is none of 443"
    assert refused_url("https://e.example:8443/hook", only) == "the port is none of 443"
    assert refused_url("https://e.example:8443/hook", NOBODY) == ""
