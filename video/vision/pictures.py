"""Frames made comparable: one size, grey, edges, noise and blocks. Everything else in this package is built on these.

Light is a factor and an offset that vary slowly over a picture, so edges (derivatives) compared block by block in direction and
pattern, not in strength, say what stands there whatever the light. Noise adds to the energy of edges but not to their agreement
with a reference; what it adds is known and taken off before two patterns are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]        # BGR or grey, 8 bit
Grey = NDArray[np.float32]
Mask = NDArray[np.bool_]
Polygon = Sequence[tuple[float, float]]  # corners in fractions of the picture, (0, 0) at the top left

SMOOTH = 1.2           # σ of the smoothing before edges are taken, in pixels of the working size
NOISE_KEPT = 0.0243    # energy of edges (dx² + dy²) a pixel that white noise of σ 1 leaves after it (a test measures it)
ROUNDING = 0.3         # σ of rounding to 8 bits
INDEPENDENT = 9.0      # pixels that vary together after the smoothing
SURE = 1.5             # σ by which an agreement must exceed chance
TEXTURED = 2.0         # energy of edges a pixel from which a block of a reference shows something
WHITE, CLIPPED = 251.0, 0.2
_NOISE_KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def grey_of(frame: Frame, longest: int) -> Grey:
    """The frame in grey, its longer side at most that many pixels; a smaller one is not enlarged."""
    return np.asarray(levels_of(frame, longest), np.float32)


def levels_of(frame: Frame, longest: int) -> Frame:
    """The same in a quarter of the memory, which tells in a large picture."""
    grey = cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) if frame.ndim == 3 else frame
    scale = longest / max(grey.shape)
    if scale < 1:
        size = max(8, round(grey.shape[1] * scale)), max(8, round(grey.shape[0] * scale))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return np.asarray(grey, np.uint8)


def usual_of(frames: Sequence[Frame]) -> Frame:
    """The median of five frames, of fewer with some counted twice: without what only passed through. By comparisons of whole
    pictures, which take a fiftieth of the time of sorting each pixel's five values."""
    a, b, c, d, e = (frames[number % len(frames)] for number in range(5))
    low = np.maximum(np.minimum(a, b), np.minimum(c, d))
    high = np.minimum(np.maximum(a, b), np.maximum(c, d))
    return np.asarray(np.maximum(np.minimum(low, high), np.minimum(e, np.maximum(low, high))), np.uint8)


def noise_of(grey: Grey | Frame) -> float:
    """σ of the noise in grey levels. The median leaves edges out of it; a sixth of the pixels is enough for one."""
    in_whole = grey.dtype == np.uint8
    response = np.abs(cv2.filter2D(grey, cv2.CV_16S if in_whole else cv2.CV_32F, _NOISE_KERNEL)[1:-1:2, 1:-1:3])
    return max(ROUNDING, (_middle_of(response) if in_whole else float(np.median(response))) / 0.6745 / 6.0)


def _middle_of(numbers: NDArray[np.int16]) -> float:
    """The median of small numbers of which many are equal, which takes numpy the longest."""
    upto = np.cumsum(np.bincount(numbers.ravel()))
    low, high = np.searchsorted(upto, ((numbers.size + 1) // 2, numbers.size // 2 + 1))
    return float(low + high) / 2


def block_means(values: Grey, size: int) -> Grey:
    """The mean of each block of about `size` pixels a side."""
    rows, columns = max(1, round(values.shape[0] / size)), max(1, round(values.shape[1] / size))
    return np.asarray(cv2.resize(values, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def mask_of(polygon: Polygon, shape: tuple[int, ...]) -> Mask:
    """Which cells of a grid over the whole picture lie at least half within the polygon; all of them where it has no area."""
    if len(polygon) < 3:
        return np.ones(shape[:2], np.bool_)
    fine = 8
    canvas = np.zeros((shape[0] * fine, shape[1] * fine), np.uint8)
    corners = np.array([(x * canvas.shape[1], y * canvas.shape[0]) for x, y in polygon], np.int32)
    cv2.fillPoly(canvas, [corners], 255)
    covered = cv2.resize(canvas, (shape[1], shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(covered >= 128, np.bool_)


@dataclass(frozen=True)
class View:
    """A grey picture with what comparing it needs, each worked out once."""

    grey: Grey
    block: int

    @cached_property
    def noise(self) -> float:
        return noise_of(self.grey)

    @cached_property
    def edges(self) -> tuple[Grey, Grey]:
        """Derivatives in x and y, in grey levels a pixel."""
        smooth = cv2.GaussianBlur(self.grey, (0, 0), SMOOTH)
        dx, dy = cv2.Scharr(smooth, cv2.CV_32F, 1, 0, scale=1 / 32), cv2.Scharr(smooth, cv2.CV_32F, 0, 1, scale=1 / 32)
        return np.asarray(dx, np.float32), np.asarray(dy, np.float32)

    @cached_property
    def energy(self) -> Grey:
        """Energy of the edges of each block without that of noise, a little above 0 where there is none."""
        dx, dy = self.edges
        whole = block_means(dx * dx + dy * dy, self.block)
        return np.asarray(np.maximum(whole - NOISE_KEPT * self.noise ** 2, 1e-3), np.float32)

    @property
    def noise_floor(self) -> float:
        """Energy below which a block may be noise alone."""
        return 3.0 * NOISE_KEPT * self.noise ** 2

    @cached_property
    def clipped(self) -> Mask:
        """Blocks of which much is overexposed: where white ends there is an edge, but not that of a thing. Pure black is no
        such sign: people wear it."""
        flat = np.asarray(self.grey >= WHITE, np.float32)
        return np.asarray(block_means(flat, self.block) > CLIPPED, np.bool_)


@dataclass(frozen=True)
class Comparison:
    """What became of each block of a reference. `gain` is how much stronger (1: as strong) the light is now, squared."""

    agreement: Grey     # 1: the same pattern, 0: another one
    gain: float
    was: Mask           # shows something in the reference that the present light and noise would let be seen
    hidden: Mask        # shows something in the reference that they would not
    now: Mask           # shows something now

    @property
    def changed(self) -> Mask:
        """Another pattern, one where there was none, or none where there was one."""
        other = self.was & self.now & (self.agreement < 0.5)
        return np.asarray(other | (self.was != self.now), np.bool_)


def compare(reference: View, present: View, within: Mask | None = None) -> Comparison:
    """Both views must be of one size. Only blocks `within` say how strong the light is."""
    (rx, ry), (px, py) = reference.edges, present.edges
    product = block_means(rx * px + ry * py, reference.block)
    # What noise alone makes of the product of a pattern with it; less than that is no agreement, however little there is.
    chance = np.sqrt(reference.energy * NOISE_KEPT * present.noise ** 2 / (reference.block ** 2 / INDEPENDENT))
    agreement = np.where(product > SURE * chance, product / np.sqrt(reference.energy * present.energy), 0.0)
    textured = reference.energy > TEXTURED
    gain = _gain(reference, present, agreement, textured if within is None else textured & within)
    visible = (reference.energy * gain > present.noise_floor) & ~present.clipped
    now = (present.energy > max(2 * TEXTURED * gain, present.noise_floor)) & ~present.clipped
    # A known pattern needs no strength to be seen again; one that lost three quarters of it is gone.
    seen = now | (present.energy > 0.25 * gain * reference.energy)
    return Comparison(np.asarray(agreement, np.float32), gain, textured & visible, textured & ~visible,
                      np.asarray(np.where(textured & visible, seen, now), np.bool_))


def _gain(reference: View, present: View, agreement: Grey, textured: Mask) -> float:
    """From blocks that still show their pattern; where hardly any does, from how bright both pictures are."""
    same = textured & (agreement > 0.6)
    if np.count_nonzero(same) >= max(4, 0.05 * np.count_nonzero(textured)):
        gain = float(np.median(present.energy[same] / reference.energy[same]))
    else:
        gain = (float(present.grey.mean()) / max(1.0, float(reference.grey.mean()))) ** 2
    return min(max(gain, 0.0001), 4.0)
