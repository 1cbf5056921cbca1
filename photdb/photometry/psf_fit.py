"""PSF fluxes: a linear fit of the stars' image at given positions, neighbours fitted together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from photdb.photometry.flags import Flag
from photdb.photometry.forced_fluxes import ForcedFluxes
from photdb.photometry.local_sky import LocalSky, annulus_for, local_sky, sky_of_map
from photdb.photometry.measure import hidden_pixels
from photdb.photometry.noise_correlation import DISTANCE
from photdb.photometry.psf_sources import sources_with
from photdb.photometry.psf_system import make_system
from photdb.photometry.shape import stamps

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from photdb.photometry.detection import Found
    from photdb.photometry.local_sky import Annulus
    from photdb.photometry.noise_correlation import NoiseCorrelation
    from photdb.photometry.pixels import Pixels
    from photdb.photometry.psf_model import Psf
    from photdb.photometry.settings import MeasureSettings

#: The image of a source is subtracted out to where it falls below this share of the noise of a pixel.
_FAINT = 0.004
#: And at most so many FWHM.
_FARTHEST = 40.0
#: Neighbours that bring more than this share of the flux, or of the error, are flagged.
_NEIGHBOUR_SHARE, _NEIGHBOUR_NOISE = 0.01, 0.2
#: A fit whose variance neighbours make larger by this factor is one of a blend taken apart.
_BLEND = 1.05
#: Two positions nearer than this (FWHM) are the same place asked for twice.
_SAME_PLACE = 0.1


def psf_fluxes(
    pixels: Pixels,
    found: Found,
    psf: Psf,
    x: ArrayLike,
    y: ArrayLike,
    *,
    settings: MeasureSettings,
    neighbours: bool = True,
    local_sky: bool = True,
    scintillation: float | None = None,
    correlation: NoiseCorrelation | None = None,
) -> ForcedFluxes:
    """Fit the image of a star at given positions, whether or not there is a source.

    The fluxes of the positions and of the detected sources beside them are the solution of one sparse linear system
    (`photdb.photometry.psf_system`). All of them are then subtracted, wings included, the local sky is taken from
    what is left in the annulus of the apertures, and the system is solved again for what is left. Detected sources
    within half a FWHM of a position are taken for the source that was asked for. Positions that near to each other
    are not fitted together, which would be noise: each has the light of both (flag 1024 from 0.1 FWHM on).

    Bad pixels, cosmic rays, saturated pixels and those outside the frame do not count and are flagged. Where they hold
    three quarters of the weight the flux is NaN. Errors are of the variance of sky and floor and of the photons
    of source and neighbours, as the fit weights them.

    Parameters
    ----------
    pixels : Pixels
        The frame that `found` was made from.
    found : Found
    psf : Psf
        The model of this frame.
    x, y : array_like
        Positions, px; those that are NaN or outside the frame have no flux.
    settings : MeasureSettings
        Those of the detections.
    neighbours : bool
        Fit neighbours together; else every position as though it were alone.
    local_sky : bool
        Take the local sky off, if the settings do so for apertures; else the background map alone.
    scintillation : float, optional
        Relative rms of the flux.
    correlation : NoiseCorrelation, optional
        How the noise of neighbouring pixels hangs together, where the errors are to know of it.
    """
    out = ForcedFluxes.blank(x, y, flags=int(Flag.APERTURE_INCOMPLETE))
    height, width = found.subtracted.shape
    known = np.isfinite(out.x) & np.isfinite(out.y)
    out.flags[known] |= int(Flag.TRUNCATED)
    use = np.flatnonzero((out.x >= -0.5) & (out.x < width - 0.5) & (out.y >= -0.5) & (out.y < height - 0.5))
    out.frac_edge[known] = 1.0
    if len(use):
        ring = None
        if local_sky and settings.local_background:
            ring = annulus_for(psf.fwhm, 3 * psf.fwhm, 3 * psf.fwhm)
        fit = _Fit(pixels, found, psf, out.x[use], out.y[use], ring, together=neighbours)
        fit.fill(out, use, scintillation or 0.0, correlation)
    return out


class _Fit:
    """One fit of a frame: first with the map of the sky alone, then to what that leaves, with the local sky."""

    def __init__(
        self,
        pixels: Pixels,
        found: Found,
        psf: Psf,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        ring: Annulus | None,
        *,
        together: bool,
    ) -> None:
        self.pixels, self.found, self.psf, self.ring = pixels, found, psf, ring
        self.sources = sources_with(found, x, y, psf.fwhm, self._reaches() if together else None)
        self.system = make_system(pixels, found, psf, self.sources, together=together)
        self.stamps = self.system.stamps
        self.first = self.system.solve(self._seen(found.subtracted))
        if together:
            left = self._left()
            again = self._seen(left) + (self.system.drawn - self.system.coupling) @ self.first
        else:
            left = found.subtracted
            again = self._seen(left) - self.first
        self.sky = self._sky(left)
        ones = np.concatenate([self.stamps.test[part].sum(axis=(1, 2), dtype=float) for part in self.stamps.chunks()])
        self.flux = self.first + self.system.solve(again - self.sky.level * ones)
        self.of_sky = np.abs(self.system.solve(self.sky.error * ones))
        self.left, self.together = left, together

    def _reaches(self) -> NDArray[np.float64]:
        """Return how far from a position each source matters, px: to the end of the annulus, and its wings beyond."""
        outer = self.ring.outer if self.ring else 3 * self.psf.fwhm
        return outer + np.maximum(2 * self.psf.fwhm, self._wings(self.found.flux_iso))

    def _wings(self, flux: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the radius at which the images of sources fall below what matters, px."""
        beta, fwhm = self.psf.beta, self.psf.fwhm_x
        alpha2 = fwhm**2 / (4 * (2 ** (1 / beta) - 1))
        peak = np.abs(flux) * (beta - 1) / (np.pi * alpha2) / (_FAINT * self.found.sky_rms)
        return np.asarray(np.minimum(np.sqrt(alpha2 * np.maximum(peak ** (1 / beta) - 1, 0)), _FARTHEST * fwhm))

    def _seen(self, image: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what the weighted images see of a frame."""
        half = self.stamps.unit.shape[1] // 2
        x, y = self.sources.x, self.sources.y
        return np.concatenate(
            [self.stamps.sums(stamps(image, x[part], y[part], half)[0], part) for part in self.stamps.chunks()]
        )

    def _left(self) -> NDArray[np.float32]:
        """Return the frame without the sources as they were fitted first."""
        left = self.found.subtracted.copy()
        height, width = left.shape
        half = self.stamps.unit.shape[1] // 2
        drawn = self.sources.drawn & self.stamps.fitted & (self.first != 0)
        wanted = np.maximum(self._wings(self.first), half)
        sizes = np.where(wanted > half, np.ceil(half * 2 ** (np.ceil(2 * np.log2(wanted / half)) / 2)), half).astype(
            int
        )
        for size in np.unique(sizes[drawn]):
            group = np.flatnonzero(drawn & (sizes == size))
            step = max(1, 2_000_000 // (2 * size + 1) ** 2)
            for k in range(0, len(group), step):
                part = group[k : k + step]
                x, y = self.sources.x[part], self.sources.y[part]
                images = self.stamps.unit[part] if size == half else self.psf.stamps(x, y, size)
                images = images * self.first[part].astype(np.float32)[:, None, None]
                for image, i, j in zip(
                    images, np.rint(x).astype(int) - size, np.rint(y).astype(int) - size, strict=True
                ):
                    x0, x1 = max(i, 0), min(i + 2 * size + 1, width)
                    y0, y1 = max(j, 0), min(j + 2 * size + 1, height)
                    left[y0:y1, x0:x1] -= image[y0 - j : y1 - j, x0 - i : x1 - i]
        return left

    def _sky(self, left: NDArray[np.float32]) -> LocalSky:
        """Return the local sky of all sources in what was left of the frame."""
        x, y, background = self.sources.x, self.sources.y, self.found.background
        if self.ring is None:
            return sky_of_map(background, x, y)
        gain = self.pixels.gain if self.pixels.gain_known else None
        hidden = hidden_pixels(self.pixels, self.found, self.ring)
        return local_sky(left, hidden, background, x, y, self.ring, gain=gain)

    def fill(
        self, out: ForcedFluxes, use: NDArray[np.intp], scintillation: float, correlation: NoiseCorrelation | None
    ) -> None:
        """Write the fluxes, errors and flags of the positions asked for."""
        made, n = self.stamps, self.sources.n_asked
        inflation = self.system.inflation()[:n]
        source2, pixels2, chi2 = (np.empty(n) for _ in range(3))
        for start in range(0, n, 2048):
            part = slice(start, min(start + 2048, n))
            source2[part], pixels2[part], chi2[part] = self._variances(part)
        source2, pixels2, background2 = source2 * inflation, pixels2 * inflation, self.of_sky[:n] ** 2
        empty2 = pixels2 + background2
        if correlation and not correlation.is_none:
            out.noise_factor[use] = correlation.of_weights(self._overlap(DISTANCE[1:]))
            shared = pixels2 * out.noise_factor[use] ** 2, background2 * correlation.of_level**2
            empty2 = shared[0] + shared[1]
            if correlation.is_resampled:
                pixels2, background2 = shared
        flux = self.flux[:n]
        columns = {
            "flux": flux, "error": np.sqrt(source2 + pixels2 + background2 + (scintillation * flux) ** 2),
            "err_source": np.sqrt(source2), "err_pixels": np.sqrt(pixels2), "err_background": np.sqrt(background2),
            "empty": np.sqrt(empty2), "chi2": chi2,
        }  # fmt: skip
        level = self.found.background.level_at(self.sources.x[:n], self.sources.y[:n]) + self.sky.level[:n]
        for name, values in columns.items():
            getattr(out, name)[use] = np.where(made.fitted[:n], values, np.nan)
        for name, values in {
            "sky": level, "frac_edge": made.edge[:n], "frac_masked": made.masked[:n],
            "frac_saturated": made.saturated[:n],
        }.items():  # fmt: skip
            getattr(out, name)[use] = values
        out.flags[use] = self._flags(inflation, np.sqrt(empty2))

    def _overlap(self, distance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how much of a weighted image overlaps with itself moved by some distances, px, along x or y."""
        typical = self.stamps.test[np.argsort(self.stamps.left, kind="stable")[-1]].astype(float)
        m, whole = len(typical), float((typical**2).sum())
        steps = np.arange(min(m, int(np.ceil(distance.max())) + 2))
        along = [
            0.5 * ((typical[s:] * typical[: m - s]).sum() + (typical[:, s:] * typical[:, : m - s]).sum()) for s in steps
        ]
        return np.interp(distance, steps, np.array(along) / max(whole, 1e-300))

    def _variances(self, part: slice) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return the variance of fluxes by their own photons, by all else in the pixels; and chi² of the fit."""
        made, half = self.stamps, self.stamps.unit.shape[1] // 2
        x, y = self.sources.x[part], self.sources.y[part]
        unit, test = made.unit[part], made.test[part]
        electrons = made.electrons[part].astype(np.float32)[:, None, None]
        left = stamps(self.left, x, y, half)[0]
        data = stamps(self.found.subtracted, x, y, half)[0] if self.together else left
        own = np.maximum(self.flux[part], 0).astype(np.float32)[:, None, None] * unit / electrons
        flux = self.flux[part].astype(np.float32)[:, None, None]
        drawn = np.where(self.sources.drawn, self.first, self.flux)[part].astype(np.float32)[:, None, None]
        first = drawn * unit if self.together else np.zeros_like(left)
        others = np.maximum(data - left - first, 0)  # a position beside one asked for has its light as its own
        sky = self.sky.level[part].astype(np.float32)[:, None, None]
        below = made.variance[part] + (others + np.maximum(sky, 0)) / electrons
        squared = test * test
        source2 = np.einsum("nji,nji->n", squared, own, dtype=float)
        pixels2 = np.einsum("nji,nji->n", squared, below, dtype=float)
        misfit = left + first - flux * unit - sky
        counts = test != 0
        chi2 = np.einsum("nji,nji->n", counts, misfit**2 / (below + own), dtype=float)
        return source2, pixels2, chi2 / np.maximum(counts.sum(axis=(1, 2)) - 1.0, 1.0)

    def _flags(self, inflation: NDArray[np.float64], noise: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the flags of the positions asked for."""
        made, n, drawn = self.stamps, self.sources.n_asked, self.system.drawn
        beside = np.abs(drawn @ self.flux - drawn.diagonal() * self.flux)[:n]
        merged = self._merged()
        flags = made.bits[:n] & int(Flag.SATURATED | Flag.BAD_PIXEL | Flag.COSMIC_RAY)
        many = np.maximum(_NEIGHBOUR_SHARE * np.abs(self.flux[:n]), _NEIGHBOUR_NOISE * noise)
        for flag, where in (
            (Flag.NEIGHBOURS, beside > many), (Flag.DEBLENDED, inflation > _BLEND),
            (Flag.TRUNCATED, made.edge[:n] > 0), (Flag.APERTURE_INCOMPLETE, ~made.fitted[:n]),
            (Flag.LOCAL_SKY_POOR, self.sky.poor[:n]), (Flag.MERGED, merged),
        ):  # fmt: skip
            flags = flags | np.where(where, int(flag), 0).astype(np.int32)
        return flags

    def _merged(self) -> NDArray[np.bool_]:
        """Tell which positions have the light of another one asked for as well."""
        who = np.flatnonzero(~self.sources.drawn)
        other = self.sources.stands_for[who]
        apart = np.hypot(self.sources.x[who] - self.sources.x[other], self.sources.y[who] - self.sources.y[other])
        apart_enough = apart > _SAME_PLACE * self.psf.fwhm
        out = np.zeros(self.sources.n_asked, bool)
        out[who[apart_enough]], out[other[apart_enough]] = True, True
        return out
