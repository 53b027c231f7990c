"""Cameras found and asked by ONVIF, against a device that speaks it over UDP and HTTP on loopback; and strangers."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import InvalidInput, UpstreamError
from tests.integration.test_video_capture import self_signed
from tests.onvif_device import OnvifDevice
from video.addresses import AddressRules, Login, networks_of
from video.http_digest import answer_to
from video.onvif import Discovery, Found

LOOPBACK = AddressRules(networks_of(["127.0.0.0/8"]))
LOGIN = Login("admin", "密 码&<1>")
BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "' + b"x" * 900 + b'">]><a>&b;&b;</a>'


@pytest.fixture
def device() -> Iterator[OnvifDevice]:
    # Its clock is a day ahead, as that of a camera without a time server is: the digest must be made with its time.
    with OnvifDevice(LOGIN.user, LOGIN.password, "rtsp://127.0.0.1:8554", ahead=timedelta(days=1, seconds=7)).running() as made:
        yield made


def discovery(device: OnvifDevice, rules: AddressRules = LOOPBACK, patience_s: float = 0.4) -> Discovery:
    return Discovery(rules, SystemClock(), patience_s, device.group)


def test_a_device_is_found_with_what_it_says_of_itself(device: OnvifDevice):
    assert discovery(device).look() == [Found(device.service, "127.0.0.1", "大厅一号", "HD-1", "hall")]


def test_what_strangers_answer_is_not_believed(device: OnvifDevice):
    device.more_answers = [b"\x00garbage", BOMB, b"<a/>", device.match("", "http://8.8.8.8/onvif"), device.match("", "http://[/"),
                           device.match("", "http://somewhere.example/onvif"), device.match("", "")]
    assert [found.service for found in discovery(device).look()] == [device.service]


def test_a_flood_of_answers_ends_in_time(device: OnvifDevice):
    device.more_answers = [device.match("", f"http://127.0.{n >> 8}.{n & 255}/onvif") for n in range(700)]
    begun = time.monotonic()
    assert len(discovery(device).look()) <= 256
    assert time.monotonic() - begun < 3


def test_nobody_outside_the_networks_is_heard_or_asked(device: OnvifDevice, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("video.onvif._interfaces", lambda _networks: ["127.0.0.1"])
    elsewhere = AddressRules(networks_of(["10.20.0.0/32"]))
    assert discovery(device, elsewhere).look() == []
    with pytest.raises(InvalidInput) as refused:
        Discovery(elsewhere, SystemClock()).streams(device.service, LOGIN)
    assert refused.value.code == "camera_network_refused"
    assert device.asked == []
    with pytest.raises(InvalidInput, match="camera_networks_missing"):
        Discovery(AddressRules(), SystemClock()).look()


def test_streams_are_read_with_the_digest_and_the_devices_own_time(device: OnvifDevice):
    main, sub = discovery(device, patience_s=5).streams(device.service, LOGIN)
    assert (main.name, main.address, main.codec, main.width, main.height) == (
        "主码流", "rtsp://127.0.0.1:8554/main", "H264", 1920, 1080)
    assert (sub.name, sub.address) == ("辅码流", "rtsp://127.0.0.1:8554/sub")
    assert device.asked == ["GetSystemDateAndTime", "GetCapabilities", "GetProfiles", "GetStreamUri", "GetStreamUri"]


@pytest.mark.parametrize("login", [None, Login("admin", "falsch"), Login("nobody", LOGIN.password)])
def test_wrong_credentials_are_refused_in_words(device: OnvifDevice, login: Login | None):
    with pytest.raises(UpstreamError) as refused:
        discovery(device, patience_s=5).streams(device.service, login)
    assert refused.value.code == "onvif_refused"
    assert "falsch" not in str(refused.value)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"<html>no</html>", BOMB, b"<a>" * 50_000])
def test_an_answer_that_is_none_is_an_error_with_a_name(device: OnvifDevice, body: bytes):
    device.body = body
    with pytest.raises(UpstreamError) as refused:
        discovery(device, patience_s=5).streams(device.service, LOGIN)
    assert refused.value.code in ("onvif_unreadable", "onvif_refused")


def test_a_device_cannot_send_us_elsewhere(device: OnvifDevice):
    device.media_at = "http://10.9.9.9/latest/meta-data"
    with pytest.raises(InvalidInput, match="camera_network_refused"):
        discovery(device, patience_s=5).streams(device.service, LOGIN)
    device.media_at, device.rtsp = None, "rtsp://10.9.9.9:554"
    assert discovery(device, patience_s=5).streams(device.service, LOGIN) == []


def test_a_device_that_says_nothing_costs_as_long_as_our_patience():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        service = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        begun = time.monotonic()
        with pytest.raises(UpstreamError) as refused:
            Discovery(LOOPBACK, SystemClock(), 0.3).streams(service, LOGIN)
        assert refused.value.code == "onvif_unreachable"
        assert time.monotonic() - begun < 2


# HTTPS and the digest of HTTP -------------------------------------------------------------------------------------------


@pytest.fixture
def secret_device(tmp_path: Path) -> Iterator[tuple[OnvifDevice, Path]]:
    """One that speaks HTTPS alone, with its certificate."""
    pem, key = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem, key)
    with OnvifDevice(LOGIN.user, LOGIN.password, "rtsps://127.0.0.1:8322", tls=tls).running() as made:
        yield made, pem


def test_a_device_that_insists_on_the_digest_of_http_gets_it_and_never_the_password(device: OnvifDevice):
    device.challenge = 'Digest realm="cam", nonce="abc=", qop="auth", algorithm=MD5'
    main, _sub = discovery(device, patience_s=5).streams(device.service, LOGIN)
    assert main.address == "rtsp://127.0.0.1:8554/main"


@pytest.mark.parametrize("challenge", [
    'Basic realm="cam"', 'Digest realm="cam"', "Digest", 'Digest realm="c", nonce="n", qop="auth-int"',
    'Digest realm="c", nonce="n", algorithm=ROT13', "Digest " + "a" * 9000])
def test_a_challenge_that_cannot_be_answered_is_a_refusal(device: OnvifDevice, challenge: str):
    device.challenge = challenge
    with pytest.raises(UpstreamError) as refused:
        discovery(device, patience_s=5).streams(device.service, LOGIN)
    assert refused.value.code == "onvif_refused"


def test_wrong_credentials_are_refused_by_the_digest_of_http_too(device: OnvifDevice):
    device.challenge = 'Digest realm="cam", nonce="abc=", qop="auth"'
    with pytest.raises(UpstreamError) as refused:
        discovery(device, patience_s=5).streams(device.service, Login("admin", "falsch"))
    assert refused.value.code == "onvif_refused"


def test_a_device_is_asked_over_https_and_verified_where_an_authority_is_named(secret_device, tmp_path: Path):
    made, pem = secret_device
    for ca_file in (None, pem):
        main, _sub = Discovery(LOOPBACK, SystemClock(), 5, made.group, ca_file).streams(made.service, LOGIN)
        assert main.address == "rtsps://127.0.0.1:8322/main"
    other = tmp_path / "other"
    other.mkdir()
    with pytest.raises(UpstreamError) as refused:
        Discovery(LOOPBACK, SystemClock(), 5, made.group, self_signed(other)[0]).streams(made.service, LOGIN)
    assert refused.value.code == "onvif_unreachable"


@pytest.mark.parametrize(("algorithm", "response"), [
    ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")])
def test_the_digest_is_that_of_the_rfc(monkeypatch: pytest.MonkeyPatch, algorithm: str, response: str):
    """RFC 7616 §3.9.1."""
    monkeypatch.setattr("video.http_digest.secrets.token_hex", lambda _n: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    challenge = (f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
                 'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"')
    said = answer_to([challenge], Login("Mufasa", "Circle of Life"), "GET", "/dir/index.html")
    assert f'response="{response}"' in (said or "")


def test_of_two_challenges_the_stronger_is_answered_and_nothing_breaks_out_of_the_header():
    both = ['Digest realm="a\r\nX: 1", nonce="n"', 'Digest realm="b", nonce="n", algorithm=SHA-256, qop="auth"']
    assert "algorithm=SHA-256" in (answer_to(both, LOGIN, "POST", "/") or "")
    assert "\n" not in (answer_to(both[:1], LOGIN, "POST", "/") or "")


@pytest.mark.parametrize("challenge", ['Digest realm=, nonce="x"', 'Digest realm="a", nonce="b", qop=',
                                       'Digest realm="a", nonce="b", opaque=', 'Digest realm="a", nonce="b", algorithm=',
                                       "Digest realm", "Digest "])
def test_a_challenge_that_cannot_be_read_is_none_and_hides_no_other(challenge: str):
    assert answer_to([challenge], LOGIN, "POST", "/") is None
    good = 'Digest realm="a", nonce="b"'
    assert 'realm="a"' in (answer_to([challenge, good], LOGIN, "POST", "/") or "")
