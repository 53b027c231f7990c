"""What is registered of a camera, and what makes it right. Pure but for looking for files and hosts."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import msgspec

from core.errors import InvalidInput
from video.addresses import HIDDEN, AddressRules, Login, checked, login_of, same_host, shown, with_login
from video.cameras import NETWORK, Point, Polygon, SourceKind

NAME_MAX, HALL_MAX, WINDOW_MAX, POST_MAX = 64, 64, 32, 64
CORNERS_MIN, CORNERS_MAX, MASKS_MAX = 3, 16, 16
SMALLEST_AREA = 0.0002  # of the picture: less cannot be meant
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class CameraForm(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator writes. `main` and `sub` may leave out the credentials: `user` and `password`, or on an edit those
    already known for the same host, are put in. An empty name before the @ (`rtsp://@host/`) takes them away."""

    code: str
    name: str
    area: str
    hall: str
    kind: str
    main: str
    sub: str = ""
    user: str = ""
    password: str = ""
    window: str = ""
    post: str = ""
    org: str = ""
    seat: Polygon = ()
    masks: tuple[Polygon, ...] = ()
    blur_faces: bool = False
    is_enabled: bool = True

    def __repr__(self) -> str:
        return f"CameraForm({self.code!r})"


class Stored(msgspec.Struct, frozen=True):
    """Addresses as they are kept, with what is secret in them."""

    main: str
    sub: str

    def __repr__(self) -> str:
        return "Stored(…)"


class Known(msgspec.Struct, frozen=True):
    """The areas and organisations there are."""

    areas: Collection[str]
    orgs: Collection[str]


def checked_form(form: CameraForm, rules: AddressRules, known: Known, old: Stored | None = None) -> tuple[CameraForm, Stored]:
    """The form tidied, and the addresses to seal. Raises InvalidInput with `key`, the field that is wrong."""
    tidy = msgspec.structs.replace(form, code=form.code.strip(), name=form.name.strip(), hall=form.hall.strip(),
                                   window=form.window.strip(), post=form.post.strip())
    if not _CODE.fullmatch(tidy.code):
        raise InvalidInput("camera_code_invalid", key="code", value=tidy.code[:40])
    for key, most, needed in (("name", NAME_MAX, True), ("hall", HALL_MAX, True), ("window", WINDOW_MAX, False),
                              ("post", POST_MAX, False)):
        _check_words(key, getattr(tidy, key), most, is_needed=needed)
    if tidy.area not in known.areas:
        raise InvalidInput("camera_area_unknown", key="area", value=tidy.area[:64])
    if tidy.org and tidy.org not in known.orgs:
        raise InvalidInput("camera_org_unknown", key="org", value=tidy.org[:64])
    check_polygon(tidy.seat, "seat", may_be_empty=True)
    if len(tidy.masks) > MASKS_MAX:
        raise InvalidInput("camera_masks_too_many", key="masks", most=MASKS_MAX)
    for mask in tidy.masks:
        check_polygon(mask, "masks")
    return tidy, addresses_of(tidy, rules, old)


def addresses_of(form: CameraForm, rules: AddressRules, old: Stored | None = None) -> Stored:
    """Both addresses, whole. An untouched one stays what it was."""
    if form.kind not in list(SourceKind):
        raise InvalidInput("camera_kind_unknown", key="kind", value=form.kind[:16])
    kind = SourceKind(form.kind)
    main = _whole(form, kind, form.main, "main", old.main if old else "", rules)
    known = Stored(main, old.sub if old and old.sub else main)
    sub = _whole(form, kind, form.sub, "sub", known.sub, rules) if form.sub.strip() else ""
    return Stored(main, sub)


def _whole(form: CameraForm, kind: SourceKind, given: str, key: str, old: str, rules: AddressRules) -> str:
    address = given.strip()
    if kind in NETWORK:
        address = _with_secrets(form, address, key, old)
    return checked(kind, address, rules, key)


def _with_secrets(form: CameraForm, address: str, key: str, old: str) -> str:
    """Credentials are carried over to the same host only: they must not follow an address that leads elsewhere."""
    login = Login(form.user.strip(), form.password) if form.user.strip() or form.password else None
    if old and address == shown(SourceKind.RTSP, old):
        return old if login is None else with_login(old, login)
    if HIDDEN in address:
        raise InvalidInput("camera_address_masked", key=key, sign=HIDDEN)
    if login_of(address) is not None:
        return with_login(address, login_of(address))
    if login is None and old and same_host(address, old):
        login = login_of(old)
    return with_login(address, login)


def _check_words(key: str, words: str, most: int, *, is_needed: bool) -> None:
    if is_needed and not words:
        raise InvalidInput("camera_field_missing", key=key)
    if len(words) > most or not words.isprintable():
        raise InvalidInput("camera_field_invalid", key=key, most=most)


# Areas of the picture -------------------------------------------------------------------------------------------------

def check_polygon(corners: Sequence[Point], key: str, *, may_be_empty: bool = False) -> None:
    """3 to 16 corners within the picture, whose sides do not cross. Raises InvalidInput."""
    if may_be_empty and not corners:
        return
    if not CORNERS_MIN <= len(corners) <= CORNERS_MAX:
        raise InvalidInput("polygon_corners", key=key, least=CORNERS_MIN, most=CORNERS_MAX)
    if not all(0.0 <= part <= 1.0 for corner in corners for part in corner):
        raise InvalidInput("polygon_outside", key=key)
    if area_of(corners) < SMALLEST_AREA or _crosses_itself(corners):
        raise InvalidInput("polygon_crosses", key=key)


def area_of(corners: Sequence[Point]) -> float:
    """Of the picture, 0 to 1 (Gauss's shoelace formula)."""
    pairs = zip(corners, (*corners[1:], corners[0]), strict=True)
    return abs(sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in pairs)) / 2


def _crosses_itself(corners: Sequence[Point]) -> bool:
    count = len(corners)
    sides = [(corners[at], corners[(at + 1) % count]) for at in range(count)]
    if len(set(corners)) < count:
        return True
    return any(_cross(sides[one], sides[other]) for one in range(count) for other in range(one + 2, count)
               if (other + 1) % count != one)


def _cross(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Whether two sides that are no neighbours touch."""
    (a, b), (c, d) = one, other
    turns = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    if turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0:
        return True
    return any(turn == 0 and _between(line, point) for turn, line, point in
               zip(turns, (one, one, other, other), (c, d, a, b), strict=True))


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _between(line: tuple[Point, Point], point: Point) -> bool:
    (left, top), (right, bottom) = line
    return (min(left, right) <= point[0] <= max(left, right)) and (min(top, bottom) <= point[1] <= max(top, bottom))
