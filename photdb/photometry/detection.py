"""Sources of one frame: found, placed, and their shape measured."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import sep

from photdb.errors import InputError
from photdb.photometry.background import Background, divide_by_steps, estimate_background, smooth, with_maps
from photdb.photometry.extraction import around_peak, count_tiles, extract
from photdb.photometry.flags import UNUSABLE, Flag
from photdb.photometry.shape import Shapes, measure_shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.photometry.pixels import Pixels
    from photdb.photometry.settings import MeasureSettings

log = logging.getLogger(__name__)

#: Rows worked on at a time, so that what is made of them stays in the cache. Even: the maps are sampled by two.
_BAND = 64


class Bright(NamedTuple):
    """The brightest sources, the brightest first: pixel positions and isophotal fluxes, ADU."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    flux: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Found:
    """The sources of a frame and the maps they were found on.

    Arrays without another word have one element per source.

    Attributes
    ----------
    background : Background
        Maps of the sky and its noise: ``background.level_map()``, ``background.noise_map()``.
    subtracted : ndarray of float32, (height, width)
        The frame without the background, ADU; unusable pixels filled from their neighbours.
    x, y : ndarray
        Windowed position where it converged, else the barycentre: px, 0-based.
    a, b, theta : ndarray
        Second moments above the threshold: rms lengths of the axes, px, and the angle of the major one from +x towards
        +y, rad.
    peak : ndarray
        Highest pixel above the background, ADU.
    flux_iso : ndarray
        Sum of the (smoothed) pixels above the threshold, ADU.
    npix : ndarray
        How many pixels those are.
    fwhm : ndarray
        FWHM of each source from windowed moments, px, on the scale of `fwhm_px`; NaN where not measured.
    ellipticity_source : ndarray
        1 - b/a from the windowed moments.
    flags : ndarray of int32
        Bits of `photdb.photometry.flags.Flag` known so far.
    fwhm_px : float
        FWHM of the frame's stars, px, before the pixels blurred them; NaN when there are none.
    beta : float
        Exponent of the Moffat profile of these stars.
    ellipticity : float
        Median 1 - b/a of these stars.
    n_stars : int
        How many stars that is.
    sky, sky_rms : float
        Medians of the maps, ADU.
    threshold_sigma : float
        The threshold that was applied, in noise of a single pixel.
    """

    background: Background
    subtracted: NDArray[np.float32]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    a: NDArray[np.float64]
    b: NDArray[np.float64]
    theta: NDArray[np.float64]
    peak: NDArray[np.float64]
    flux_iso: NDArray[np.float64]
    npix: NDArray[np.int64]
    fwhm: NDArray[np.float64]
    ellipticity_source: NDArray[np.float64]
    flags: NDArray[np.int32]
    fwhm_px: float
    beta: float
    ellipticity: float
    n_stars: int
    sky: float
    sky_rms: float
    threshold_sigma: float

    def __len__(self) -> int:
        return len(self.x)

    def brightest(self, n: int) -> Bright:
        """Return the `n` brightest sources that are not cosmic rays, bad pixels or cut by the edge."""
        fit = np.flatnonzero((self.flags & (UNUSABLE | int(Flag.TRUNCATED))) == 0)
        order = fit[np.argsort(-self.flux_iso[fit], kind="stable")][:n]
        return Bright(self.x[order], self.y[order], self.flux_iso[order])

    def source_mask(self, reach: float = 3.0) -> NDArray[np.bool_]:
        """Return which pixels are sources: the ellipses of the moments, `reach` times their axes."""
        mask: NDArray[np.bool_] = np.zeros(self.subtracted.shape, bool)
        sep.mask_ellipse(mask, self.x, self.y, self.a, self.b, self.theta, reach)
        return mask


def find_sources(
    pixels: Pixels,
    settings: MeasureSettings,
    *,
    level: NDArray[np.float32] | None = None,
    noise: NDArray[np.float32] | None = None,
    out: NDArray[np.float32] | None = None,
) -> Found:
    """Find the sources of a frame.

    Parameters
    ----------
    pixels : Pixels
        The reduced frame; not changed.
    settings : MeasureSettings
    level, noise : ndarray of float32, (height, width), optional
        Maps of the sky and of its noise, ADU, to use in place of our own.
    out : ndarray of float32, (height, width), optional
        A buffer of an earlier frame to hold the background-subtracted one.

    Raises
    ------
    InputError
        When the frame holds no picture, most of it is above the threshold, or it has fewer sources than
        ``settings.min_stars``.
    """
    background = with_maps(estimate_background(pixels, settings), level=level, noise=noise)
    subtracted = np.empty(pixels.data.shape, np.float32) if out is None else out
    unusable = _subtract(pixels, background, subtracted)
    raw, flags = extract(*_significance(subtracted, background, settings.threshold_sigma), settings)
    seen = ~_on_masked(raw, unusable)
    raw, flags = raw[seen], flags[seen]
    if len(raw) < settings.min_stars:
        raise InputError(
            f"{len(raw)} sources above {settings.threshold_sigma:g} sigma, at least {settings.min_stars} are asked for",
            "lower --min-stars or --threshold, or look at the frame: clouds, a closed dome, a short exposure",
        )
    peak = _peak(subtracted, raw)
    at_source = background.noise_at(raw["x"], raw["y"])
    if pixels.mask.any():
        flags |= np.bitwise_or.reduce(around_peak(pixels.mask, raw), axis=0).astype(np.int32)
    shapes = measure_shapes(
        subtracted, raw["x"], raw["y"], peak=peak, noise=at_source, npix=raw["tnpix"],
        threshold=settings.threshold_sigma * at_source, unfit=flags != 0,
    )  # fmt: skip
    flags |= np.where(np.isfinite(shapes.fwhm), 0, int(Flag.NO_SHAPE)).astype(np.int32)
    flags |= _suspected_blends(shapes, peak / at_source)
    return Found(
        background=background, subtracted=subtracted, x=shapes.x, y=shapes.y,
        a=raw["a"].astype(float), b=raw["b"].astype(float),
        theta=np.clip(raw["theta"].astype(float), -np.pi / 2, np.pi / 2),
        peak=peak, flux_iso=raw["cflux"] * at_source, npix=raw["npix"].astype(np.int64), fwhm=shapes.fwhm,
        ellipticity_source=shapes.ellipticity, flags=flags, fwhm_px=shapes.frame_fwhm, beta=shapes.frame_beta,
        ellipticity=shapes.frame_ellipticity, n_stars=shapes.n_stars, sky=background.sky, sky_rms=background.sky_rms,
        threshold_sigma=settings.threshold_sigma,
    )  # fmt: skip


def _subtract(pixels: Pixels, background: Background, out: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """Write the frame without its background to `out`; return which pixels were filled in, None when none were."""
    unusable: NDArray[np.uint8] | None = None
    if pixels.mask.any():
        unusable = pixels.mask & np.uint8(UNUSABLE)
    for start in range(0, len(out), _BAND):
        rows = slice(start, min(start + _BAND, len(out)))
        np.subtract(pixels.data[rows], background.level_rows(rows.start, rows.stop), out=out[rows])
        if not np.isfinite(out[rows].sum()):
            unusable = np.zeros(out.shape, np.uint8) if unusable is None else unusable
            unusable[rows] |= np.where(np.isfinite(out[rows]), np.uint8(0), np.uint8(Flag.BAD_PIXEL))
    if unusable is not None:
        _fill(out, unusable)
    return unusable


def _fill(image: NDArray[np.float32], unusable: NDArray[np.uint8]) -> None:
    """Give unusable pixels the mean of their usable neighbours, or zero, the sky."""
    height, width = image.shape
    y, x = np.nonzero(unusable)
    total, n = np.zeros(len(y)), np.zeros(len(y))
    for dy, dx in ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)):
        yy, xx = y + dy, x + dx
        inside = (yy >= 0) & (yy < height) & (xx >= 0) & (xx < width)
        yy, xx = np.where(inside, yy, 0), np.where(inside, xx, 0)
        good = inside & (unusable[yy, xx] == 0)
        total += np.where(good, image[yy, xx], 0.0)
        n += good
    image[y, x] = np.where(n > 0, total / np.maximum(n, 1), 0.0)


def _significance(
    subtracted: NDArray[np.float32], background: Background, threshold: float
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Smooth the frame with (1, 2, 1) both ways, in noise of a pixel; count the pixels above the threshold by tile.

    This is what the threshold is applied to, as in source-extractor. Made here and not in sep, which takes three
    times as long for it with a noise map.
    """
    height = len(subtracted)
    out, tiles = np.empty_like(subtracted), []
    for start in range(0, height, _BAND):
        stop = min(start + _BAND, height)
        low, high = max(start - 1, 0), min(stop + 1, height)
        across = out[start:stop]
        smoothed = smooth(subtracted[low:high])[start - low :][: stop - start]
        divide_by_steps(smoothed, background.noise_steps(start, stop), across, background.knot)
        tiles.append(count_tiles(across, threshold))
    return out, np.concatenate(tiles)


def _on_masked(raw: NDArray[Any], unusable: NDArray[np.uint8] | None) -> NDArray[np.bool_]:
    """Tell which sources have a peak that is mostly made of filled-in pixels."""
    if unusable is None:
        return np.zeros(len(raw), bool)
    return np.asarray(around_peak(unusable != 0, raw).mean(axis=0) > 0.5)


def _peak(subtracted: NDArray[np.float32], raw: NDArray[Any]) -> NDArray[np.float64]:
    """Highest pixel of each source, ADU."""
    return np.asarray(around_peak(subtracted, raw).max(axis=0), dtype=float)


def _suspected_blends(shapes: Shapes, peak_snr: NDArray[np.float64]) -> NDArray[np.int32]:
    """Well-measured sources that are longer and broader than the frame's stars."""
    with np.errstate(invalid="ignore"):
        odd = (
            (shapes.fwhm > 1.08 * shapes.frame_fwhm)
            & (shapes.ellipticity > shapes.frame_ellipticity + 0.12)
            & (peak_snr > 10)
        )
    return np.where(odd, int(Flag.BLEND_SUSPECTED), 0).astype(np.int32)
