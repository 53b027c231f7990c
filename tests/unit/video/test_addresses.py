"""Where streams are read: what is taken, what is shown of it, and that credentials follow no address that leads elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError, InvalidInput
from video.addresses import (
    AddressRules,
    Login,
    checked,
    login_of,
    networks_of,
    resolved,
    same_host,
    shown,
    with_login,
)
from video.cameras import SourceKind

RTSP = SourceKind.RTSP
NAMES = {"cam.hall": ["10.20.1.4"], "moved.hall": ["10.20.1.4", "8.8.8.8"], "inside.hall": ["::ffff:10.20.1.4"]}


def rules(**changed: object) -> AddressRules:
    given = {"networks": networks_of(["10.20.0.0/16", "fd00::/8"]), "resolve": known}
    return AddressRules(**{**given, **changed})


def known(host: str) -> list[str]:
    return NAMES.get(host) or (resolved(host) if host[0].isdigit() or ":" in host else [])


def refusal(kind: SourceKind, address: str, given: AddressRules | None = None) -> str:
    with pytest.raises(InvalidInput) as refused:
        checked(kind, address, given or rules(), "main")
    assert refused.value.details["key"] == "main"
    assert "geheim" not in str(refused.value)
    return refused.value.code


@pytest.mark.parametrize("address", ["rtsp://10.20.1.4/1", "rtsps://u:geheim@10.20.1.4:322/a?b=1", "rtsp://cam.hall:8554/hall",
                                     "rtsp://[fd00::12]/x", "rtsp://inside.hall/"])
def test_a_stream_in_an_allowed_network_is_taken_as_it_is(address: str):
    assert checked(RTSP, f" {address} ", rules(), "main") == address


@pytest.mark.parametrize(("address", "code"), [
    ("", "camera_address_missing"), ("http://10.20.1.4/1", "camera_address_invalid"), ("rtsp:///1", "camera_address_invalid"),
    ("rtsp://10.20.1.4:99999/", "camera_address_invalid"), ("rtsp://u:geheim@[::1/", "camera_address_invalid"),
    ("rtsp://10.20.1.4/a b", "camera_address_invalid"), ("rtsp://10.20.1.4/#x", "camera_address_invalid"),
    ("rtsp://u:geheim@8.8.8.8/1", "camera_network_refused"), ("rtsp://127.0.0.1/1", "camera_network_refused"),
    ("rtsp://moved.hall/", "camera_network_refused"), ("rtsp://[::ffff:8.8.8.8]/", "camera_network_refused"),
    ("rtsp://nobody.hall/", "camera_name_unresolved"), ("rtsp://10.20.1.4/\r\nX: y", "camera_address_invalid"),
    ("rtsp://10.20.1.4/" + "x" * 1_024, "camera_address_invalid"), ("file:///etc/passwd", "camera_address_invalid"),
    ("/etc/passwd", "camera_address_invalid")])
def test_any_other_address_is_refused_by_name(address: str, code: str):
    assert refusal(RTSP, address) == code


def test_without_networks_no_network_camera_is_taken():
    assert refusal(RTSP, "rtsp://10.20.1.4/", rules(networks=())) == "camera_network_refused"


def test_a_file_lies_below_the_folder_or_is_refused(tmp_path: Path):
    folder, outside = tmp_path / "films", tmp_path / "secret.mp4"
    (folder / "hall").mkdir(parents=True)
    (folder / "hall" / "one.mp4").touch()
    outside.touch()
    (folder / "link.mp4").symlink_to(outside)
    given = rules(file_dir=folder)

    assert checked(SourceKind.FILE, "hall/one.mp4", given, "main") == "hall/one.mp4"
    for name in ("../secret.mp4", str(outside), "link.mp4", "hall", "no.mp4", "hall/../../secret.mp4", "a\0b"):
        assert refusal(SourceKind.FILE, name, given) in ("camera_file_outside", "camera_file_missing", "camera_address_invalid")
    assert refusal(SourceKind.FILE, "hall/one.mp4") == "camera_files_off"


def test_a_device_is_a_video_device():
    assert checked(SourceKind.DEVICE, "/dev/video0", rules(), "main") == "/dev/video0"
    for name in ("/dev/sda", "/dev/video", "/dev/video0/../sda", "video0", "/dev/video1234"):
        assert refusal(SourceKind.DEVICE, name) == "camera_device_invalid"


@pytest.mark.parametrize(("address", "seen"), [
    ("rtsp://admin:geheim@10.20.1.4:554/1?x=2", "rtsp://10.20.1.4:554/1?x=2"),
    ("rtsp://10.20.1.4/user=admin&password=geheim&channel=1", "rtsp://10.20.1.4/user=***&password=***&channel=1"),
    ("rtsp://10.20.1.4/s?Token=geheim&pwd=geheim;x=1", "rtsp://10.20.1.4/s?Token=***&pwd=***;x=1"),
    ("rtsp://u:gehe%40im@10.20.1.4", "rtsp://10.20.1.4"), ("no address: geheim", "***"),
    ("rtsp://u:p@geheim@10.20.1.4/", "rtsp://10.20.1.4/")])
def test_what_is_shown_has_no_secret(address: str, seen: str):
    assert shown(RTSP, address) == seen


def test_credentials_are_read_and_written_whatever_signs_they_have():
    login = Login("运维@hall", "p:/?#[]@ 密")
    assert login_of(with_login("rtsp://10.20.1.4/1", login)) == login
    assert with_login("rtsp://u:p@10.20.1.4/1", None) == "rtsp://10.20.1.4/1"
    assert login_of("rtsp://10.20.1.4/1") is None
    assert "密" not in repr(login)


def test_the_same_host_is_the_same_scheme_name_and_port():
    assert same_host("rtsp://u:p@10.20.1.4/1", "rtsp://10.20.1.4/2")
    assert not same_host("rtsp://10.20.1.4/1", "rtsp://10.20.1.5/1")
    assert not same_host("rtsp://10.20.1.4:554/1", "rtsp://10.20.1.4:555/1")


def test_networks_are_written_as_networks():
    assert [str(one) for one in networks_of(["10.20.0.0/16"])] == ["10.20.0.0/16"]
    with pytest.raises(ConfigError):
        networks_of(["10.20.1.4/16"])
