"""A drawn window of a hall for tests of the analysis: desk, wall, chair, and a person who can sit there, move, stand still."""

from __future__ import annotations

import cv2
import numpy as np

from video.vision.pictures import Frame

WIDTH, HEIGHT = 640, 360
SEAT = ((0.35, 0.2), (0.65, 0.2), (0.65, 0.85), (0.35, 0.85))


def room(seed: int = 1) -> Frame:
    """The empty seat: a wall with a notice board, a chair, a desk with papers."""
    rng = np.random.default_rng(seed)
    picture = np.full((HEIGHT, WIDTH, 3), (172, 176, 180), np.uint8)
    for x in range(0, WIDTH, 64):
        cv2.line(picture, (x, 0), (x, 210), (150, 155, 160), 2)
    cv2.rectangle(picture, (60, 30), (190, 130), (70, 110, 60), -1)
    for y in range(42, 125, 12):
        cv2.line(picture, (70, y), (180, y), (220, 225, 230), 2)
    cv2.rectangle(picture, (470, 40), (600, 190), (120, 90, 60), 4)
    cv2.rectangle(picture, (0, 210), (WIDTH, HEIGHT), (60, 90, 130), -1)
    for _ in range(60):
        x, y = rng.integers(0, WIDTH), rng.integers(215, HEIGHT)
        cv2.line(picture, (int(x), int(y)), (int(x) + 40, int(y)), (80, 110, 155), 1)
    cv2.rectangle(picture, (275, 120), (365, 230), (50, 50, 70), 3)
    cv2.line(picture, (275, 160), (365, 160), (50, 50, 70), 3)
    cv2.rectangle(picture, (250, 255), (400, 275), (235, 235, 235), -1)
    return cv2.GaussianBlur(picture, (3, 3), 0)


def person(picture: Frame, lean: float = 0.0) -> Frame:
    """Somebody sits there, leaning by so many pixels."""
    there = picture.copy()
    x = 320 + lean
    cv2.ellipse(there, (round(x), 215), (58, 75), 0, 0, 360, (70, 45, 35), -1)
    cv2.circle(there, (round(x + lean / 2), 118), 30, (140, 165, 205), -1)
    cv2.ellipse(there, (round(x + lean / 2), 102), (31, 20), 0, 180, 360, (25, 25, 25), -1)
    cv2.line(there, (round(x - 12), 165), (round(x), 200), (230, 230, 230), 4)
    return there


def noisy(picture: Frame, sigma: float, seed: int) -> Frame:
    """With the noise of a sensor."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(sigma)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def lit(picture: Frame, factor: float) -> Frame:
    return np.clip(picture * factor, 0, 255).astype(np.uint8)


def under_lamp(picture: Frame) -> Frame:
    """A lamp to the right was switched on."""
    falling = np.linspace(0.45, 1.25, picture.shape[1])[None, :, None]
    return np.clip(picture * falling, 0, 255).astype(np.uint8)


def squeezed(picture: Frame, quality: int) -> Frame:
    """Compressed as a poor camera does."""
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def shifted(picture: Frame, x: float, y: float = 0.0, angle: float = 0.0) -> Frame:
    """The camera was pushed: shares of the width and height, degrees."""
    height, width = picture.shape[:2]
    move = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    move[:, 2] += (x * width, y * height)
    return cv2.warpAffine(picture, move, (width, height), borderMode=cv2.BORDER_REFLECT)


def crowded(picture: Frame, number: int, share: float = 0.8) -> Frame:
    """People standing close before the camera across so much of the width; each number finds them elsewhere."""
    rng = np.random.default_rng(number)
    there = picture.copy()
    height, width = there.shape[:2]
    size = width / WIDTH
    for place in range(9):
        x, top = round(width * share * place / 8 + rng.integers(-25, 25) * size), round(rng.integers(60, 100) * size)
        colour = tuple(int(one) for one in rng.integers(20, 220, 3))
        cv2.ellipse(there, (x, height), (round(70 * size), max(8, height - top - 30)), 0, 0, 360, colour, -1)
        for line in range(0, max(1, height - top - 60), max(2, round(18 * size))):
            cv2.line(there, (x - round(50 * size), height - line), (x + round(50 * size), height - line - 9),
                     tuple(one // 2 for one in colour), 3)
        cv2.circle(there, (x, top), max(4, round(34 * size)), (140, 165, 205), -1)
    return noisy(there, 3, number)
