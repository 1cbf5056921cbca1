"""Apertures of one kind at many positions: their sums over an image, areas, rims and overlaps with single pixels."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import sep

from photdb.photometry.aperture import circle_sums, noise_area

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

#: One pixel, whose overlap with an aperture is the sum of the aperture over it.
_PIXEL = np.ones((1, 1), np.uint8)


@dataclass(frozen=True, slots=True)
class Shape(ABC):
    """Apertures, one per position; every attribute has one element per position.

    Attributes
    ----------
    a, b : ndarray
        Semi-axes, px.
    theta : ndarray
        Angle of `a`, rad, counter-clockwise from +x; NaN for a circle.
    area, perimeter : ndarray
        px², px.
    weights : ndarray
        Sum of the squared weights of the pixels, px²: what the variance of a pixel is multiplied with.
    """

    a: Array
    b: Array
    theta: Array
    area: Array
    perimeter: Array
    weights: Array

    def __len__(self) -> int:
        return len(self.a)

    def at(self, which: NDArray[np.intp]) -> Self:
        """Return the apertures of some of the positions, of some perhaps more than once."""
        return replace(self, **{field.name: getattr(self, field.name)[which] for field in fields(self)})

    @abstractmethod
    def sums(self, image: NDArray[np.generic], x: Array, y: Array) -> Array:
        """Return the sums over an image, pixels on the rim weighted with their overlap; nothing beyond its edge."""

    @abstractmethod
    def overlap(self, dx: Array, dy: Array) -> Array:
        """Return the overlap (px²) of each aperture with one pixel, dx, dy from its centre."""

    def touches(self, dx: Array, dy: Array) -> NDArray[np.bool_]:
        """Tell whether one pixel, dx, dy from the centre of each aperture, counts as part of it."""
        return np.asarray(self.overlap(dx, dy) > 0)

    @abstractmethod
    def beyond(self, dx: Array, dy: Array) -> Array:
        """Return how far outside the rim one point is, dx, dy from the centre of each aperture, px; negative inside."""

    @abstractmethod
    def span(self) -> tuple[Array, Array]:
        """Return how far the apertures reach along x and along y, px."""


@dataclass(frozen=True, slots=True)
class Circles(Shape):
    """Circles of one diameter."""

    @classmethod
    def of(cls, diameter: float, n: int) -> Circles:
        """Return n circles of a diameter, px."""
        one = np.array([diameter])
        values = 0.5 * one, 0.5 * one, np.nan * one, np.pi / 4 * one**2, np.pi * one, noise_area(one)
        return cls(*(np.repeat(v, n) for v in values))

    def sums(self, image: NDArray[np.generic], x: Array, y: Array) -> Array:
        """Return exact sums."""
        if not len(self):
            return np.empty(0)
        return np.asarray(circle_sums(image, x, y, 2 * self.a[:1])[:, 0])  # type: ignore[arg-type]

    def overlap(self, dx: Array, dy: Array) -> Array:
        """Return exact overlaps."""
        return np.asarray(sep.sum_circle(_PIXEL, -dx, -dy, self.a, subpix=0)[0])

    def touches(self, dx: Array, dy: Array) -> NDArray[np.bool_]:
        """Tell by the distance of the pixel's centre, as for detections."""
        return np.asarray(np.hypot(dx, dy) < self.a + 0.5)

    def beyond(self, dx: Array, dy: Array) -> Array:
        """Return the distance from the rim."""
        return np.asarray(np.hypot(dx, dy) - self.a)

    def span(self) -> tuple[Array, Array]:
        """Return the radius twice."""
        return self.a, self.a


@dataclass(frozen=True, slots=True)
class Ellipses(Shape):
    """Ellipses, each of its own size and angle."""

    @classmethod
    def of(cls, a: Array, b: Array, theta: Array) -> Ellipses:
        """Return ellipses of semi-axes (px, positive) in any order, `a` at an angle (rad, from +x towards +y)."""
        theta = np.where(a >= b, theta, theta + np.pi / 2)
        a, b = np.maximum(a, b), np.minimum(a, b)
        h = ((a - b) / (a + b)) ** 2
        # Ramanujan's (1914) second approximation, right to 4e-4 for the flattest.
        perimeter = np.pi * (a + b) * (1 + 3 * h / (10 + np.sqrt(4 - 3 * h)))
        area = np.pi * a * b
        # Flatter than a pixel the rim is all there is: no less than the weights spread evenly.
        weights = np.maximum(area - perimeter / 6, area**2 / (area + perimeter))
        return cls(a, b, (theta + np.pi / 2) % np.pi - np.pi / 2, area, perimeter, weights)

    def sums(self, image: NDArray[np.generic], x: Array, y: Array) -> Array:
        """Return exact sums."""
        return np.asarray(sep.sum_ellipse(image, x, y, self.a, self.b, self.theta, 1.0, subpix=0)[0], float)

    def overlap(self, dx: Array, dy: Array) -> Array:
        """Return exact overlaps."""
        return self.sums(_PIXEL, -dx, -dy)

    def beyond(self, dx: Array, dy: Array) -> Array:
        """Return the distance from the rim along the line to the centre."""
        c, s = np.cos(self.theta), np.sin(self.theta)
        size = np.hypot((c * dx + s * dy) / self.a, (c * dy - s * dx) / self.b)
        distance = np.hypot(dx, dy)
        return np.asarray(np.where(size > 0, distance - distance / np.maximum(size, 1e-12), -self.b))

    def span(self) -> tuple[Array, Array]:
        """Return the half sides of the box around each."""
        c, s = np.cos(self.theta), np.sin(self.theta)
        return np.hypot(self.a * c, self.b * s), np.hypot(self.a * s, self.b * c)


@dataclass(frozen=True, slots=True)
class Pills(Shape):
    """Pills: all points within a radius of a straight path. `a` is half the whole length, `b` the radius."""

    @classmethod
    def of(cls, length: Array, radius: Array, theta: Array) -> Pills:
        """Return pills around paths of a length (px, 0 or more) at an angle (rad, from +x towards +y)."""
        area, perimeter = 2 * radius * length + np.pi * radius**2, 2 * length + 2 * np.pi * radius
        theta = (theta + np.pi / 2) % np.pi - np.pi / 2
        return cls(0.5 * length + radius, radius.copy(), theta, area, perimeter, area - perimeter / 6)

    def sums(self, image: NDArray[np.generic], x: Array, y: Array) -> Array:
        """Return sums with the overlaps below."""
        height, width = image.shape
        out = np.zeros(len(self))
        for k, (along_x, along_y) in enumerate(zip(*self.span(), strict=True)):
            columns = np.arange(max(int(x[k] - along_x), 0), min(int(x[k] + along_x + 2), width))
            rows = np.arange(max(int(y[k] - along_y), 0), min(int(y[k] + along_y + 2), height))
            if len(columns) and len(rows):
                dx, dy = (v.ravel() for v in np.meshgrid(columns - x[k], rows - y[k]))
                share = self.at(np.full(len(dx), k)).overlap(dx, dy)
                out[k] = share @ image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].ravel().astype(float)
        return out

    def overlap(self, dx: Array, dy: Array) -> Array:
        """Return overlaps of the pixels with half planes along the rim, moved inwards by how it bends in a pixel."""
        c, s = np.cos(self.theta), np.sin(self.theta)
        along, across = c * dx + s * dy, c * dy - s * dx
        past = np.maximum(np.abs(along) - (self.a - self.b), 0) * np.sign(along)
        distance = np.hypot(past, across)
        # Where the rim is round, the points of a pixel are on average 1 / (24 distance) further out than its centre.
        bent = np.where(past != 0, 1 / (24 * np.maximum(distance, 0.5)), 0.0)
        unit = np.maximum(distance, 1e-9)
        out_x, out_y = np.abs(c * past - s * across) / unit, np.abs(s * past + c * across) / unit
        return half_plane_overlap(self.b - distance - bent, np.maximum(out_x, out_y), np.minimum(out_x, out_y))

    def beyond(self, dx: Array, dy: Array) -> Array:
        """Return the distance from the rim."""
        c, s = np.cos(self.theta), np.sin(self.theta)
        past = np.maximum(np.abs(c * dx + s * dy) - (self.a - self.b), 0)
        return np.asarray(np.hypot(past, c * dy - s * dx) - self.b)

    def span(self) -> tuple[Array, Array]:
        """Return the half sides of the box around each."""
        half = self.a - self.b
        return np.abs(half * np.cos(self.theta)) + self.b, np.abs(half * np.sin(self.theta)) + self.b


def half_plane_overlap(depth: Array, p: Array, q: Array) -> Array:
    """Return the share of a pixel in a half plane.

    It is the integral of the pixel's profile across the rim: a trapezium, the convolution of two boxes as wide as the
    rim's unit normal is long along x and along y.

    Parameters
    ----------
    depth : ndarray
        How far inside the rim the centre of the pixel is, px.
    p, q : ndarray
        The larger and the smaller component of the normal, without sign.
    """
    q = np.maximum(q, 1e-6)

    def twice_integrated(t: Array) -> Array:
        return np.asarray(0.5 * np.maximum(t, 0) ** 2)

    wide, narrow = 0.5 * (p + q), 0.5 * (p - q)
    corners = twice_integrated(depth + wide) - twice_integrated(depth + narrow)
    corners += twice_integrated(depth - wide) - twice_integrated(depth - narrow)
    inside = np.clip(corners / np.maximum(p * q, 1e-12), 0, 1)
    return np.asarray(np.where(depth >= wide, 1.0, np.where(depth <= -wide, 0.0, inside)))
