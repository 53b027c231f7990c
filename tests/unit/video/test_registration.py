"""What is registered of a camera: fields, areas of the picture, and which credentials go with which address."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import InvalidInput
from video.addresses import AddressRules, networks_of
from video.registration import CameraForm, Known, Stored, addresses_of, check_polygon, checked_form

RULES = AddressRules(networks_of(["10.20.0.0/16"]))
KNOWN = Known(["360500"], ["fagai"])
SQUARE = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.7), (0.2, 0.7))


def form(**changed: Any) -> CameraForm:
    return CameraForm(**{"code": "hall-1", "name": "1号窗口", "area": "360500", "hall": "政务大厅", "kind": "rtsp",
                         "main": "rtsp://10.20.1.4/1", **changed})


def refusal(**changed: Any) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as refused:
        checked_form(form(**changed), RULES, KNOWN)
    return refused.value.code, refused.value.details["key"]


def test_a_right_form_is_tidied():
    tidy, stored = checked_form(form(name=" 1号窗口 ", seat=SQUARE, masks=(SQUARE,), org="fagai"), RULES, KNOWN)
    assert (tidy.name, stored) == ("1号窗口", Stored("rtsp://10.20.1.4/1", ""))


@pytest.mark.parametrize(("changed", "code", "key"), [
    ({"code": ""}, "camera_code_invalid", "code"), ({"code": "Hall 1"}, "camera_code_invalid", "code"),
    ({"code": "../x"}, "camera_code_invalid", "code"), ({"code": "x" * 33}, "camera_code_invalid", "code"),
    ({"name": "  "}, "camera_field_missing", "name"), ({"name": "x" * 65}, "camera_field_invalid", "name"),
    ({"name": "a\nb"}, "camera_field_invalid", "name"), ({"hall": ""}, "camera_field_missing", "hall"),
    ({"window": "9" * 33}, "camera_field_invalid", "window"), ({"area": "nowhere"}, "camera_area_unknown", "area"),
    ({"org": "nobody"}, "camera_org_unknown", "org"), ({"kind": "ftp"}, "camera_kind_unknown", "kind"),
    ({"sub": "rtsp://8.8.8.8/2"}, "camera_network_refused", "sub"),
    ({"masks": (SQUARE,) * 17}, "camera_masks_too_many", "masks"),
    ({"masks": ((),)}, "polygon_corners", "masks"), ({"seat": SQUARE[:2]}, "polygon_corners", "seat")])
def test_a_wrong_field_is_named(changed: dict[str, Any], code: str, key: str):
    assert refusal(**changed) == (code, key)


@pytest.mark.parametrize(("corners", "code"), [
    (((0, 0), (1, 1), (1, 0), (0, 1)), "polygon_crosses"),            # a bow tie
    (((0, 0), (0.5, 0), (1, 0)), "polygon_crosses"),                  # a line
    (((0.1, 0.1), (0.1001, 0.1), (0.1, 0.1001)), "polygon_crosses"),  # a speck
    (((0, 0), (1, 0), (0, 0), (0, 1)), "polygon_crosses"),            # a corner twice
    (((0, 0), (1, 0), (1, 1), (0.5, 0), (0, 1)), "polygon_crosses"),  # a corner on another side
    (((0, 0), (1.01, 0), (1, 1)), "polygon_outside"), (((0, 0), (float("nan"), 0), (1, 1)), "polygon_outside"),
    (((0, -0.1), (1, 0), (1, 1)), "polygon_outside"), (tuple((n / 17, (n % 2) / 2) for n in range(17)), "polygon_corners")])
def test_an_area_that_cannot_be_one_is_refused(corners: Any, code: str):
    with pytest.raises(InvalidInput) as refused:
        check_polygon(corners, "seat")
    assert refused.value.code == code


def test_areas_of_any_honest_shape_are_taken():
    star = ((0.5, 0.0), (0.6, 0.4), (1.0, 0.5), (0.6, 0.6), (0.5, 1.0), (0.4, 0.6), (0.0, 0.5), (0.4, 0.4))
    for corners in (SQUARE, SQUARE[::-1], star, ((0, 0), (1, 0), (0, 1))):
        check_polygon(corners, "seat")
    check_polygon((), "seat", may_be_empty=True)


OLD = Stored("rtsp://u:geheim@10.20.1.4/1?pwd=geheim", "rtsp://u:geheim@10.20.1.4/2")


@pytest.mark.parametrize(("changed", "main", "sub"), [
    # untouched
    ({"main": "rtsp://10.20.1.4/1?pwd=***", "sub": "rtsp://10.20.1.4/2"}, OLD.main, OLD.sub),
    # another path of the same host keeps the credentials
    ({"main": "rtsp://10.20.1.4/9", "sub": ""}, "rtsp://u:geheim@10.20.1.4/9", ""),
    # another host does not get them
    ({"main": "rtsp://10.20.6.6/1", "sub": "rtsp://10.20.6.6/2"}, "rtsp://10.20.6.6/1", "rtsp://10.20.6.6/2"),
    # new ones for both
    ({"main": "rtsp://10.20.1.4/1?pwd=***", "sub": "rtsp://10.20.1.4/2", "user": "n", "password": "neu"},
     "rtsp://n:neu@10.20.1.4/1?pwd=geheim", "rtsp://n:neu@10.20.1.4/2"),
    # written into the address
    ({"main": "rtsp://a:b@10.20.1.4/1", "sub": "rtsp://10.20.1.4/2"}, "rtsp://a:b@10.20.1.4/1", OLD.sub),
    # taken away
    ({"main": "rtsp://@10.20.1.4/1", "sub": ""}, "rtsp://10.20.1.4/1", "")])
def test_credentials_follow_the_host_and_nothing_else(changed: dict[str, str], main: str, sub: str):
    assert addresses_of(form(**changed), RULES, OLD) == Stored(main, sub)


def test_a_first_sub_stream_takes_the_credentials_of_the_main_one():
    assert addresses_of(form(main="rtsp://a:b@10.20.1.4/1", sub="rtsp://10.20.1.4/2"), RULES).sub == "rtsp://a:b@10.20.1.4/2"


def test_an_address_with_hidden_parts_is_not_taken_for_a_new_one():
    with pytest.raises(InvalidInput) as refused:
        addresses_of(form(main="rtsp://10.20.1.4/8?pwd=***"), RULES, OLD)
    assert refused.value.code == "camera_address_masked"


def test_nothing_that_prints_a_form_prints_its_secrets():
    assert "geheim" not in f"{form(password='geheim')!r} {OLD!r} {OLD}"
