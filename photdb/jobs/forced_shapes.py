"""What is asked for at the places of one frame, aperture by aperture, on the pixels of that frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.errors import InputError
from photdb.ingest.sky_ellipse import ellipse_in_pixels, step_in_pixels
from photdb.jobs import frame_psf
from photdb.jobs.forced_asked import ELLIPSE, PRIMARY, PSF
from photdb.jobs.measure_frame import FrameTask, in_primary, scintillation_of, sources
from photdb.photometry.empty_scatter import believed_correlation, empty_scatter
from photdb.photometry.flags import Flag
from photdb.photometry.forced import ForcedFluxes, Ground, forced_circles, ground_at
from photdb.photometry.forced_ellipse import forced_ellipses
from photdb.photometry.forced_trail import forced_trails
from photdb.photometry.noise_correlation import NoiseCorrelation
from photdb.photometry.psf import Psf
from photdb.photometry.psf_fit import psf_fluxes
from photdb.photometry.settings import MIN_DIAMETER_PX, Aperture, diameters_px

if TYPE_CHECKING:
    from astropy.wcs import WCS
    from numpy.typing import NDArray

    from photdb.photometry.measure import Found
    from photdb.photometry.pixels import Pixels

#: What moves by more of a FWHM than this during the exposure is measured in a trail. A circle of 3 FWHM loses 0.3 % of
#: the light there (Moffat profiles of beta 2.5 to 4.5: 0.23 to 0.30 %), but 1.2 % of a trail of one FWHM.
TRAIL_FWHM = 0.5


@dataclass(frozen=True, slots=True)
class Part:
    """Fluxes of some places in one aperture: which places, the fluxes, and why one has none (None: it has)."""

    which: NDArray[np.intp]
    fluxes: ForcedFluxes
    method: str
    reasons: list[str | None]


@dataclass(slots=True)
class Frame:
    """A frame that was read and whose sources were found again, and the places in it.

    Attributes
    ----------
    task : FrameTask
        How it was measured then.
    pixels, found : Pixels, Found
    wcs : WCS
    places : dict of ndarray
        One element a place: x, y (px, where it is measured), shift_x, shift_y (px, by recentring; NaN: not wanted),
        ra, dec (deg), ra_rate, dec_rate (arcsec/h), a, b (arcsec), pa (deg); NaN where there is none.
    sizes : dict
        Apertures by number.
    stored_psf : dict or None
        Row of frame_psf of the model that the frame's PSF fluxes are of.
    psf_rows : list of dict
        Rows of frame_psf that were made here, because there was none.
    """

    task: FrameTask
    pixels: Pixels
    found: Found
    wcs: WCS
    places: dict[str, NDArray[Any]]
    sizes: dict[int, Aperture]
    stored_psf: dict[str, Any] | None = None
    psf_rows: list[dict[str, Any]] = field(default_factory=list)
    _correlation: NoiseCorrelation | None = None
    _ground: Ground | None = None

    @property
    def exptime_s(self) -> float:
        """Exposure time, s."""
        return float(self.task.header.exptime_s or 0.0)

    @property
    def scintillation(self) -> float | None:
        """Relative rms of a star's flux, where it is to be in the errors."""
        return scintillation_of(self.task)

    @property
    def correlation(self) -> NoiseCorrelation:
        """How the noise of neighbouring pixels hangs together: as for the detections, where that was looked at."""
        if self._correlation is None:
            self._correlation = self.task.correlation or believed_correlation(
                self.pixels, self.found, self.diameter(PRIMARY), settings=self.task.settings.measure,
                apertures_px=self._ingested(),
            )  # fmt: skip
        return self._correlation

    @property
    def ground(self) -> Ground:
        """What all circles share that are no wider than those of the detections, whose local sky it is."""
        if self._ground is None:
            self._ground = ground_at(
                self.pixels, self.found, self.places["x"], self.places["y"], apertures_px=self._ingested(),
                primary_px=self.diameter(PRIMARY), settings=self.task.settings.measure, correlation=self.correlation,
            )  # fmt: skip
        return self._ground

    def diameter(self, aperture_id: int) -> float:
        """Return the diameter of an aperture, px: that of ingest where it was measured then; NaN: too narrow."""
        if aperture_id == PRIMARY:
            return float(self.task.growth_px or np.nan)
        known = dict(self.task.apertures).get(aperture_id) or self.sizes[aperture_id]
        return float(diameters_px([known], fwhm_px=self.found.fwhm_px, pixel_scale=self.task.pixel_scale)[0])

    def reach(self) -> float:
        """Return the diameter of the widest circle that the ground is good for, px."""
        return float(np.nanmax([*self._ingested(), self.diameter(PRIMARY)]))

    def with_scatter(self, fluxes: ForcedFluxes, diameter_px: float) -> ForcedFluxes:
        """Return fluxes in circles with what these scatter by on empty places of the frame; NaN: there are too few."""
        ratio = empty_scatter(
            self.pixels, self.found, diameter_px, settings=self.task.settings.measure, apertures_px=self._ingested(),
            primary_px=self.diameter(PRIMARY), correlation=self.correlation,
        ).ratio  # fmt: skip
        return fluxes.with_scatter(ratio * fluxes.empty)

    def _ingested(self) -> NDArray[np.float64]:
        """Return the diameters of the detections' apertures, px."""
        wanted = [aperture for _, aperture in self.task.apertures]
        return diameters_px(wanted, fwhm_px=self.found.fwhm_px, pixel_scale=self.task.pixel_scale)


def measured(frame: Frame, aperture_id: int, which: NDArray[np.intp]) -> Iterator[Part]:
    """Yield what is measured of some places of a frame in one aperture.

    Parameters
    ----------
    frame : Frame
    aperture_id : int
        As in table ``forced``.
    which : ndarray of int
        Numbers of the places.
    """
    if aperture_id == ELLIPSE:
        yield _ellipses(frame, which)
        return
    dx, dy = _paths(frame, which)
    moves = np.hypot(dx, dy) > TRAIL_FWHM * frame.found.fwhm_px
    still, moving = which[~moves], which[moves]
    if aperture_id == PSF:
        yield _psf(frame, still)
        if len(moving):
            yield _no_psf(frame, moving, np.hypot(dx, dy)[moves])
        return
    if len(still):
        yield _circles(frame, aperture_id, still)
    if len(moving):
        yield _trails(frame, aperture_id, moving, dx[moves], dy[moves])


def _paths(frame: Frame, which: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far places move during the exposure, px along x and y; 0 where they stand still."""
    p = {name: frame.places[name][which] for name in ("ra", "dec", "ra_rate", "dec_rate")}
    if not np.isfinite(p["ra_rate"]).any():
        return np.zeros(len(which)), np.zeros(len(which))
    hours = frame.exptime_s / 3600
    dx, dy = step_in_pixels(frame.wcs, p["ra"], p["dec"], p["ra_rate"] * hours, p["dec_rate"] * hours)
    return np.nan_to_num(dx), np.nan_to_num(dy)


def _at(frame: Frame, which: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the pixels of places."""
    return frame.places["x"][which], frame.places["y"][which]


def _circles(frame: Frame, aperture_id: int, which: NDArray[np.intp]) -> Part:
    """Measure circles."""
    diameter = frame.diameter(aperture_id)
    settings = frame.task.settings.measure
    if not diameter > frame.reach() + 1e-6:
        everywhere = forced_circles(
            frame.pixels, frame.found, frame.places["x"], frame.places["y"], diameter, settings=settings,
            ground=frame.ground, scintillation=frame.scintillation,
        )  # fmt: skip
        return _part(frame, which, frame.with_scatter(everywhere.at(which), diameter), "circle", diameter)
    ground = ground_at(
        frame.pixels, frame.found, *_at(frame, which), apertures_px=[diameter], primary_px=diameter,
        settings=settings, correlation=frame.correlation,
    )  # fmt: skip
    fluxes = forced_circles(
        frame.pixels, frame.found, *_at(frame, which), diameter, settings=settings, ground=ground,
        scintillation=frame.scintillation,
    )  # fmt: skip
    return _part(frame, which, frame.with_scatter(fluxes, diameter), "circle", diameter)


def _trails(
    frame: Frame, aperture_id: int, which: NDArray[np.intp], dx: NDArray[np.float64], dy: NDArray[np.float64]
) -> Part:
    """Measure what moves in apertures as long as its path."""
    diameter = frame.diameter(aperture_id)
    fluxes = forced_trails(
        frame.pixels, frame.found, *_at(frame, which), diameter, np.hypot(dx, dy), np.arctan2(dy, dx),
        settings=frame.task.settings.measure, correlation=frame.correlation, scintillation=frame.scintillation,
    )  # fmt: skip
    return _part(frame, which, fluxes, "trail", diameter)


def _ellipses(frame: Frame, which: NDArray[np.intp]) -> Part:
    """Measure the ellipses of targets."""
    p = {name: frame.places[name][which] for name in ("ra", "dec", "a", "b", "pa")}
    axes = ellipse_in_pixels(frame.wcs, p["ra"], p["dec"], p["a"], p["b"], p["pa"])
    fluxes = forced_ellipses(
        frame.pixels, frame.found, *_at(frame, which), *axes, settings=frame.task.settings.measure,
        correlation=frame.correlation, scintillation=frame.scintillation,
    )  # fmt: skip
    return _part(frame, which, fluxes, "ellipse")


def _psf(frame: Frame, which: NDArray[np.intp]) -> Part:
    """Fit the frame's PSF, the stored one where detections have PSF fluxes."""
    try:
        model = _model(frame)
    except InputError as error:
        none = ForcedFluxes.blank(*_at(frame, which), flags=int(Flag.APERTURE_INCOMPLETE))
        return Part(which, none, "psf", [f"no PSF: {error.what}"] * len(which))
    fluxes = psf_fluxes(
        frame.pixels, frame.found, model, *_at(frame, which), settings=frame.task.settings.measure,
        scintillation=frame.scintillation, correlation=frame.correlation,
    )  # fmt: skip
    return _part(frame, which, fluxes, "psf")


def _model(frame: Frame) -> Psf:
    """Return the PSF of a frame; where the store has none, it is made, and its row kept.

    Raises
    ------
    InputError
        If there are too few stars.
    """
    if frame.stored_psf is not None:
        height, width = frame.pixels.data.shape
        return Psf.from_row(frame.stored_psf, (height, width))
    made = sources(frame.task, frame.pixels, frame.found, frame.task.pixel_scale)
    look = in_primary(frame.task, frame.pixels, frame.found, made)
    model = frame_psf.built(look, "empirical")
    frame.psf_rows.append(frame_psf.row_in_use(look, model))
    return model


def _no_psf(frame: Frame, which: NDArray[np.intp], length: NDArray[np.float64]) -> Part:
    """Return that what leaves a trail has no PSF flux."""
    none = ForcedFluxes.blank(*_at(frame, which), flags=int(Flag.APERTURE_INCOMPLETE))
    reasons: list[str | None] = [f"it moves by {px:.1f} px during the exposure: no PSF" for px in length.tolist()]
    return Part(which, none, "psf", reasons)


def _part(
    frame: Frame, which: NDArray[np.intp], fluxes: ForcedFluxes, method: str, diameter: float | None = None
) -> Part:
    """Return fluxes with how far the places were moved, and the reasons why some have none."""
    shifts = {name: frame.places[name][which] for name in ("shift_x", "shift_y")}
    fluxes = replace(fluxes, **shifts)
    if diameter is not None and not np.isfinite(diameter):
        narrow = f"the aperture is narrower than {MIN_DIAMETER_PX:g} px in this frame"
        return Part(which, fluxes, method, [narrow] * len(which))
    reasons: list[str | None] = [None] * len(which)
    for k in np.flatnonzero(~np.isfinite(fluxes.flux)).tolist():
        reasons[k] = _why_not(int(fluxes.flags[k]), float(fluxes.frac_edge[k]))
    return Part(which, fluxes, method, reasons)


def _why_not(flags: int, outside: float) -> str:
    """Return why an aperture has no flux."""
    if flags & Flag.TRUNCATED:
        share = f": {100 * outside:.0f} % of it is outside" if np.isfinite(outside) else ""
        return f"the aperture reaches over the edge of the frame{share}"
    return "bad pixels or cosmic rays in the aperture that cannot be filled in"
