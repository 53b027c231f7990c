"""Recordings and evidence of a camera with masks: what a browser is given has them in it, the signed package has not."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import update

from core.instants import SECOND_US
from tests.staff import SAME_ORIGIN
from tests.unit.dashboard.test_footage import BEGIN, House, card, house, inspector
from video.footage.manifest import Finding, check
from video.footage.models import video_clips, video_segments
from video.models import cameras

__all__ = ["card", "house", "inspector"]

UPPER_HALF = [[[0.0, 0.0], [1.0, 0.0], [1.0, 0.5], [0.0, 0.5]]]


@pytest.fixture
def masked(house: House) -> Iterator[None]:
    """The upper half of the camera's picture, where its number stands, must not be seen."""
    def set_to(masks: Any) -> None:
        with house.site.services.uow() as uow:
            uow.conn.execute(update(cameras).where(cameras.c.code == "cam-1").values(masks=json.dumps(masks)))
    set_to(UPPER_HALF)
    yield
    set_to([])


def _greys(data: bytes) -> list[Any]:
    with av.open(io.BytesIO(data)) as film:
        return [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]


def test_recordings_and_evidence_are_played_with_their_masks_in_them(
        house: House, inspector: FlaskClient, card: int, masked: None, tmp_path: Path):
    answer = inspector.post("/api/v1/footage/views", headers=SAME_ORIGIN, json={
        "what": "recorded", "reason": "patrol", "camera": "cam-1"})
    assert answer.json["is_masked"]
    film = house.film(inspector, answer.json["view"])
    clip = next(one for one in house.rows(video_clips) if one.card_id == card)
    view = house.look(inspector, "clip", clip=clip.id, reason="card")
    evidence = inspector.get(f"/api/v1/footage/clips/{clip.id}/clip.mp4?view={view}", buffered=True)
    for answer in (film, evidence):
        pictures = _greys(answer.data)
        assert len(pictures) > 50
        assert all(grey[:40].std() < 3 for grey in pictures)
    snapshot = inspector.get(f"/api/v1/footage/clips/{clip.id}/snapshot.jpg?view={view}", buffered=True)
    still = inspector.get(f"/api/v1/footage/cameras/cam-1/still.jpg?at={BEGIN + 10 * SECOND_US}"
                          f"&view={house.look(inspector)}", buffered=True)
    for answer in (snapshot, still):
        assert np.asarray(Image.open(io.BytesIO(answer.data)).convert("L"))[:40].max() < 120  # no fat bit of the number
    view = house.look(inspector, "export", clip=clip.id, reason="card", note="复核")
    path = tmp_path / "e.zip"
    path.write_bytes(inspector.get(f"/api/v1/footage/clips/{clip.id}/package.zip?view={view}", buffered=True).data)
    assert check(path, house.site.services.footage.keys).finding is Finding.GENUINE  # the original, as it was signed


def test_without_masks_the_film_is_the_recorded_one(house: House, inspector: FlaskClient):
    film = house.film(inspector, house.look(inspector))
    row = house.rows(video_segments)[0]
    assert hashlib.sha256(film.data).hexdigest() == row.sha256
