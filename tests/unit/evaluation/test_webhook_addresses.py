"""Where events may be sent: addresses that are refused when they are typed, and those that are refused when they are asked."""

from __future__ import annotations

import pytest

from core.errors import ConfigError, InvalidInput, UpstreamError
from evaluation.webhooks.addresses import Reach, networks_of

HTTPS = "https://receiver.example/hook"
PUBLIC = "93.184.216.34"


def asked(*found: str, url: str = HTTPS, networks: str = "", loopback: bool = False) -> str:
    return Reach(networks_of(networks), loopback, lambda _host, _port: found).resolve_for(url)("receiver.example", 443)


def refusal(*found: str, **more: object) -> UpstreamError:
    with pytest.raises(UpstreamError) as refused:
        asked(*found, **more)  # type: ignore[arg-type]
    return refused.value


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
    "64:ff9b::a00:1", "2002:a00:1::1", "2001:0:53aa:64c:0:0:0:1", "198.51.100.7", "fec0::1",
    "::10.0.0.1", "::ffff:0:10.0.0.1"])
def test_private_addresses_are_not_asked_also_not_beside_a_public_one(address: str) -> None:
    for found in ((address,), (PUBLIC, address)):
        refused = refusal(*found)
        assert refused.permanent
        assert refused.details["detail"] == f"address not allowed: {address}"


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_are_asked(address: str) -> None:
    assert asked(address) == address


def test_networks_of_the_settings_are_asked_and_no_other_private_one() -> None:
    assert asked("10.1.2.3", networks="10.1.0.0/16 fd00::/8") == "10.1.2.3"
    assert asked("fd00::7", networks="10.1.0.0/16 fd00::/8") == "fd00::7"
    assert refusal("10.2.2.3", networks="10.1.0.0/16").permanent


def test_without_encryption_only_this_machine_is_asked_and_only_where_that_is_allowed() -> None:
    plain = "http://receiver.example/hook"
    assert asked("127.0.0.1", url=plain, loopback=True) == "127.0.0.1"
    assert refusal(PUBLIC, url=plain, loopback=True).permanent
    assert refusal("10.1.2.3", url=plain, loopback=True, networks="10.0.0.0/8").permanent


def test_a_name_nobody_knows_is_tried_again() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError

    with pytest.raises(UpstreamError) as refused:
        Reach(look_up=unknown).resolve_for(HTTPS)("receiver.example", 443)
    assert not refused.value.permanent


@pytest.mark.parametrize("url", [
    "", "http://receiver.example/", "ftp://receiver.example/", "file:///etc/passwd", "https://", "https:///path",
    "receiver.example", "https://user:pw@receiver.example/", "https://@receiver.example/", "https://receiver.example/#x",
    "https://a b/", "https://receiver.example/\nX: y", "https://receiver.example:99999/", "https://[::1", "https://例.example/",
    "https://receiver.example/" + "a" * 500])
def test_an_address_that_cannot_be_one_is_refused_with_the_remedy(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Reach().checked_url(url)
    assert refused.value.code == "webhook_url_invalid"
    assert refused.value.details["remedy"]


@pytest.mark.parametrize("url", [HTTPS, "https://receiver.example:8443/a?b=c", "https://203.0.113.9/", "HTTPS://RECEIVER.EXAMPLE/"])
def test_an_address_over_https_is_taken(url: str) -> None:
    assert Reach().checked_url(url) == url


def test_networks_that_are_none_are_refused_at_the_start() -> None:
    with pytest.raises(ConfigError) as refused:
        networks_of("10.0.0.0/8 10.1.2.3/8")
    assert refused.value.details["key"] == "webhooks.networks"
