"""The noise of an aperture as a frame itself shows it: the scatter of such apertures where nothing is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from photdb.photometry.aperture_shapes import Circles
from photdb.photometry.empty_places import free_places
from photdb.photometry.forced import forced_circles, ground_at
from photdb.photometry.noise_correlation import NoiseCorrelation, noise_correlation

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from photdb.photometry.detection import Found
    from photdb.photometry.forced_fluxes import ForcedFluxes
    from photdb.photometry.pixels import Pixels
    from photdb.photometry.settings import MeasureSettings

#: Apertures that are measured, and the fewest that make a scatter.
MOST, LEAST = 400, 100
#: Fluxes further from the median (sigma) are something else; standard deviation of a normal sample cut off there.
_CLIP, _CUT_SIGMA = 3.0, 0.98658


class EmptyScatter(NamedTuple):
    """Scatter of empty apertures of one size.

    `ratio` is the scatter over the noise predicted from the pixels (`ForcedFluxes.empty`), so that ``ratio * empty`` is
    the empirical noise at any place of the frame; `sigma` (ADU) is the scatter itself, the median over the places; `n`
    is how many there were. Ratio and sigma are NaN where they were too few.
    """

    ratio: float
    sigma: float
    n: int


def empty_scatter(
    pixels: Pixels,
    found: Found,
    diameter_px: float,
    *,
    settings: MeasureSettings,
    apertures_px: ArrayLike = (),
    primary_px: float | None = None,
    correlation: NoiseCorrelation | None = None,
) -> EmptyScatter:
    """Measure circles on up to 400 places of a frame that are free of sources, and return how they scatter.

    Each has its own local sky, as the fluxes that it is compared with. The scatter is a standard deviation after
    clipping at three sigma around the median; with n apertures it is known to ``1 / sqrt(2 n)``.

    Parameters
    ----------
    pixels : Pixels
        The frame that `found` was made from.
    found : Found
    diameter_px : float
        px; NaN is not measured.
    settings : MeasureSettings
    apertures_px, primary_px : optional
        Those of the detections, for the same local sky; see `photdb.photometry.forced.ground_at`.
    correlation : NoiseCorrelation, optional
        Of the frame, where it has been measured already.
    """
    blank, n = _blank(pixels, found, diameter_px, settings, apertures_px, primary_px, correlation)
    if blank is None:
        return EmptyScatter(float("nan"), float("nan"), n)
    ratio = clipped_scatter(blank.flux / blank.empty)
    return EmptyScatter(ratio, ratio * float(np.median(blank.empty)), n)


def believed_correlation(
    pixels: Pixels,
    found: Found,
    diameter_px: float,
    *,
    settings: MeasureSettings,
    apertures_px: ArrayLike = (),
) -> NoiseCorrelation:
    """Measure how the noise of neighbouring pixels of a frame hangs together, as far as its empty apertures confirm it.

    This is what all errors of a frame are made with, of detections as of forced fluxes; see
    `photdb.photometry.noise_correlation` and `confirmed`.

    Parameters
    ----------
    pixels : Pixels
        The frame that `found` was made from.
    found : Found
    diameter_px : float
        Of the primary aperture, px.
    settings : MeasureSettings
    apertures_px : optional
        Diameters of the detections' other apertures, px.
    """
    measured = noise_correlation(pixels, found, diameter_px)
    return confirmed(measured, pixels, found, diameter_px, settings=settings, apertures_px=apertures_px)


def confirmed(
    correlation: NoiseCorrelation,
    pixels: Pixels,
    found: Found,
    diameter_px: float,
    *,
    settings: MeasureSettings,
    apertures_px: ArrayLike = (),
    primary_px: float | None = None,
) -> NoiseCorrelation:
    """Return a correlation of noise with no more of its excess than empty apertures of the frame show.

    The variance of an empty aperture is linear in that share. Where there are too few empty places it stays as it is.
    The parameters are those of `empty_scatter`.
    """
    if correlation.is_none:
        return correlation
    blank, _ = _blank(pixels, found, diameter_px, settings, apertures_px, primary_px, correlation)
    if blank is None:
        return correlation
    of_pixels, of_level = blank.err_pixels, blank.err_background
    if correlation.is_resampled:
        of_pixels, of_level = of_pixels / blank.noise_factor, of_level / correlation.of_level
    without = float(np.median(of_pixels**2 + of_level**2))
    excess = float(np.median(blank.empty**2)) - without
    shown = (clipped_scatter(blank.flux / blank.empty) * float(np.median(blank.empty))) ** 2 - without
    share = float(np.clip(shown / excess, 0.0, 1.0)) if excess > 0 else 0.0
    return NoiseCorrelation.of(correlation.covariance, share * correlation.share)


def _blank(
    pixels: Pixels,
    found: Found,
    diameter_px: float,
    settings: MeasureSettings,
    apertures_px: ArrayLike,
    primary_px: float | None,
    correlation: NoiseCorrelation | None,
) -> tuple[ForcedFluxes | None, int]:
    """Return circles on empty places, and how many they are; None where they are too few."""
    if not np.isfinite(diameter_px):
        return None, 0
    least_peak = 0.0 if correlation is None else correlation.least_peak
    x, y = free_places(pixels, found, Circles.of(diameter_px, 1), LEAST, MOST, least_peak=least_peak)
    if len(x) < LEAST:
        return None, len(x)
    ground = ground_at(
        pixels, found, x, y, apertures_px=np.append(np.asarray(apertures_px, float), diameter_px),
        primary_px=primary_px or diameter_px, settings=settings, correlation=correlation,
    )  # fmt: skip
    blank = forced_circles(pixels, found, x, y, diameter_px, settings=settings, ground=ground)
    there = np.isfinite(blank.flux)
    n = int(np.count_nonzero(there))
    return (blank.at(np.flatnonzero(there)), n) if n >= LEAST else (None, n)


def clipped_scatter(values: NDArray[np.float64]) -> float:
    """Return the standard deviation of values after clipping at three sigma, as of an uncut normal sample."""
    for _ in range(5):
        centre = float(np.median(values))
        sigma = 1.4826 * float(np.median(np.abs(values - centre)))
        kept = values[np.abs(values - centre) <= _CLIP * sigma]
        if len(kept) == len(values):
            break
        values = kept
    return float(np.sqrt(np.mean((values - values.mean()) ** 2))) / _CUT_SIGMA
