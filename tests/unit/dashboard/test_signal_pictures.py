"""Pictures of signals: shown with the card that came of one, and deleted when their time is over."""

from __future__ import annotations

import io
import os
from datetime import timedelta

import msgspec
import numpy as np
import pytest
from PIL import Image
from sqlalchemy import update

from alerts.models import cards
from core.access import Actor, Role
from core.clock import FrozenClock
from dashboard.demo_accounts import DEMO_ACCOUNTS
from tests.integration.test_signals import EMPTY, SEATED, Room, register, rows, with_reference
from tests.staff import NOW, Site, make_site, run_callback
from tests.unit.dashboard.test_signals import shown, text_of
from video.models import cameras
from video.onsite.retention import PictureRetention
from video.view_log import ViewFilter

LEFT, RIGHT = slice(0, 150), slice(170, None)
INSPECTOR = Actor("li", frozenset({Role.INSPECTOR}))
NAME_OF_LEADER = next(one.username for one in DEMO_ACCOUNTS if one.role is Role.LEADER)


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A window that was empty for sixteen minutes, which a person confirmed, and is empty again."""
    folder = tmp_path_factory.mktemp("pictures")
    site = make_site(folder, **{"vision.picture_dir": str(folder / "pictures")})
    register(site.services)
    with_reference(site.services)
    Room(site.services).see(SEATED, 0.5).see(EMPTY, 16).see(SEATED, 1).see(EMPTY, 16)
    site.services.analysis.signals.confirm(1, INSPECTOR, "确实无人")
    return site


def test_the_card_that_comes_of_it_shows_the_picture_to_whoever_may_see_the_card(site: Site) -> None:
    [card] = {row["id"] for row in rows(site.services, cards) if row["key"] == "onsite:unattended:1"}
    drawn = text_of(run_callback(site.client(Role.INSPECTOR), "/card/", "..card-body.children...card-shown.data..", {
        "card-address.pathname": f"/card/{card}", "card-address.search": "", "card-again.n_intervals": 0},
        {"card-shown.data": None}))
    for words in ("现场信号画面", f"/card/{card}/signal.jpg", "/signals/?tab=history&signal=1"):
        assert words in drawn, words
    answer = site.client(Role.INSPECTOR).get(f"/card/{card}/signal.jpg")
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")
    look = site.services.video.views.views(ViewFilter(), INSPECTOR)[0]
    assert (look.camera, look.reason, look.note) == ("hall-07", "card", "signal 1")
    assert site.client(Role.INSPECTOR).get("/card/999/signal.jpg").status_code == 404
    assert site.client(Role.DEPARTMENT_USER).get(f"/card/{card}/signal.jpg").status_code == 200  # its own unit's
    site.services.accounts.change(NAME_OF_LEADER, halls={"便民中心"}, area="360500")
    assert site.client(Role.LEADER).get(f"/card/{card}/signal.jpg").status_code == 404
    site.services.accounts.change(NAME_OF_LEADER, halls=set(), area="")


def test_what_the_camera_must_not_show_now_is_taken_out_of_pictures_kept_before(site: Site) -> None:
    """Signals and references, also through the card; what they are judged by stays as it is."""
    services, client = site.services, site.client(Role.INSPECTOR)
    [card] = {row["id"] for row in rows(services, cards) if row["key"] == "onsite:unattended:1"}
    addresses = ("/api/v1/video/signals/1/picture.jpg", "/api/v1/video/references/1/picture.jpg", f"/card/{card}/signal.jpg")
    kept = {path: path.read_bytes() for path in services.settings.vision.picture_dir.glob("*/*.jpg")}
    plain = [pixels(client.get(address).data) for address in addresses]

    masks = msgspec.json.encode([[[0, 0], [0.5, 0], [0.5, 1], [0, 1]]]).decode()
    set_camera(site, masks=masks)
    for address, before in zip(addresses, plain, strict=True):
        now = pixels(client.get(address).data)
        assert np.median(now[:80, LEFT]) < 25 < np.median(before[:80, LEFT])
        assert detail_of(now[:, RIGHT]) > 0.9 * detail_of(before[:, RIGHT])
    set_camera(site, masks="[]", blur_faces=True)
    for address, before in zip(addresses, plain, strict=True):
        assert detail_of(pixels(client.get(address).data)) < 0.7 * detail_of(before)
    assert kept == {path: path.read_bytes() for path in kept}
    looks = services.video.views.views(ViewFilter(), INSPECTOR)
    assert {(one.camera, one.reason, one.note) for one in looks} == {
        ("hall-07", "signal", "signal 1"), ("hall-07", "setup", "reference 1"), ("hall-07", "card", "signal 1")}


def set_camera(site: Site, **values: object) -> None:
    with site.services.uow() as uow:
        uow.conn.execute(update(cameras).where(cameras.c.id == 1).values(**values))


def pixels(jpeg: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(jpeg)) as image:
        return np.asarray(image.convert("L"), np.float32)


def detail_of(part: np.ndarray) -> float:
    """How much a pixel differs from its neighbour, above the foot with the name."""
    return float(np.abs(np.diff(part[:150], axis=1)).mean())


def test_pictures_go_when_their_time_is_over_and_their_card_needs_them_no_more(site: Site) -> None:
    services = site.services
    folder, retention = services.settings.vision.picture_dir, services.analysis.retention
    kept = sorted(path.name for path in folder.glob("*/*.jpg"))
    for path in folder.glob("*/*"):
        os.utime(path, (0, 0))
    orphan = folder / "00" / f"{'0' * 64}.123.part"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"half")
    assert retention.run(services.card_evidence.needed_signals) == 0  # young; the half one too
    os.utime(orphan, (0, 0))
    assert retention.run(services.card_evidence.needed_signals) == 1

    later = PictureRetention(services.uow, services.analysis.pictures, 30, FrozenClock(NOW + timedelta(days=31)))
    assert later.run(services.card_evidence.needed_signals) == 0  # the card is open
    assert sorted(path.name for path in folder.glob("*/*.jpg")) == kept
    assert later.run(lambda _signals: []) == 1  # the first; the second goes on, the reference is in use
    signal = services.analysis.queries.find(1, INSPECTOR)
    assert (signal.picture, len(signal.picture_sha256)) == ("", 64)
    assert "已按保存期限删除" in text_of(shown(site, "?tab=history&signal=1"))
    assert later.run(lambda _signals: []) == 0
