"""``photdb psf``: the model of the stars' images of a frame, built from its pixels where the store has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.errors import InputError, NotFoundError, UsageError
from photdb.jobs.frame_again import masters_of, solution_of, task_again
from photdb.jobs.frame_pixels import found_again, reduced
from photdb.jobs.frame_psf import InPrimary, built, full_row, psf_table, row_in_use
from photdb.jobs.measure_frame import in_primary, sources
from photdb.jobs.writer import refuse_served, sole_ingest, writing
from photdb.output.plot_psf import Picture
from photdb.photometry.psf import Psf
from photdb.photometry.psf_fit import psf_fluxes
from photdb.photometry.psf_model import widths
from photdb.photometry.psf_stars import psf_stars
from photdb.store.database import Database

KINDS = ("moffat", "empirical")
#: Stars drawn one by one, and places along a side of the frame where the widths are drawn.
_DRAWN, _ALONG = 6, 7


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of the store, its pixels read and measured again when they are first needed.

    Attributes
    ----------
    row
        Columns of schema/queries/frame_named.sql.
    masters, folder
        Rows of the store's master frames, and where their files are.
    """

    row: Mapping[str, Any]
    masters: Mapping[int, Any]
    folder: Path

    @property
    def frame_id(self) -> int:
        """Its number."""
        return int(self.row["frame_id"])

    @property
    def name(self) -> str:
        """Its file and number, in words."""
        return f"{Path(self.row['path']).name} (frame {self.frame_id})"

    def measured(self) -> InPrimary:
        """Read and measure it again.

        Raises
        ------
        InputError
            If its file, or a master, is not there, or is another one than was measured.
        """
        try:
            task = task_again(self.row, self.masters, self.folder)
        except TypeError as error:
            raise InputError(
                f"{self.name}: its settings are not those of this photdb: {error}", "photdb ingest --reprocess"
            ) from error
        pixels = reduced(task)
        found = found_again(pixels, task.header, task.settings, solution_of(self.row))
        return in_primary(task, pixels, found, sources(task, pixels, found, task.pixel_scale))


def frame_of(db: Database, called: str) -> Frame:
    """Return the frame of a number or file name.

    Raises
    ------
    NotFoundError
        If there is none.
    InputError
        If it has no pixels: it could not be used, or was imported.
    UsageError
        If the name means several.
    """
    number = int(called) if called.isdigit() and int(called) < 2**31 else None
    rows = db.query("frame_named", frame_id=number, called=None if number is not None else called).dicts()
    if number is None and not rows and "/" in called:
        rows = db.query("frame_named", frame_id=None, called=str(Path(called).absolute())).dicts()
    if not rows:
        raise NotFoundError(f"no frame {called!r} in the store", "a number or a file name of `photdb frames`")
    usable = [row for row in rows if row["state"] == "ok"]
    if len(usable) > 1:
        ids = ", ".join(str(row["frame_id"]) for row in usable[:6])
        raise UsageError(f"{called!r} is the name of {len(usable)} frames: {ids}", "give the number of one")
    row = (usable or rows)[0]
    if row["state"] != "ok":
        raise InputError(f"frame {row['frame_id']} was not measured: {row['reason']}", "photdb ingest --retry")
    if row["origin"] == "imported" or row["settings"] is None or row["primary_radius_px"] is None:
        raise InputError(f"frame {row['frame_id']} was imported: there are no pixels of it", "photdb ingest FILE")
    return Frame(row, masters_of(db), db.files.absolute() / "masters")


def stored_model(db: Database, frame: Frame, kind: str | None) -> Psf | None:
    """Return the model of a frame that the store has; of no kind given the one that fluxes are of."""
    rows = db.query("psf_models", frame_id=frame.frame_id).dicts()
    shape = int(frame.row["height"]), int(frame.row["width"])
    return next((Psf.from_row(row, shape) for row in rows if kind in (None, row["kind"])), None)


def build(store: Path, frame: Frame, measured: InPrimary, kind: str) -> Psf:
    """Build a model of a frame and keep it; where it is the one that fluxes will be of, their zero points follow.

    Raises
    ------
    InputError
        If the frame has too few stars.
    StoreLockedError
        If an ingest works on the store, or another process holds it for long.
    """
    refuse_served(store)
    try:
        psf = built(measured, "empirical" if kind == "empirical" else "moffat")
    except InputError as error:
        raise InputError(f"{frame.name}: {error.what}", error.hint) from error
    row = row_in_use(measured, psf) if kind == "empirical" else full_row(measured, psf)
    with (
        sole_ingest(store),
        writing(store) as db,
        db.run("psf", {"frame_id": frame.frame_id, "kind": kind}) as run_id,
        db.transaction(),
        db.table("given_psf", psf_table([{**row, "frame_id": frame.frame_id}], run_id=run_id)),
    ):
        db.job("psf_replace")
        db.job("commit_psf")
        db.job("zeropoint_of_psf", frame_ids=[frame.frame_id])
    return psf


def picture(frame: Frame, measured: InPrimary, psf: Psf) -> Picture:
    """Return what a plot of a model shows: the model, stars, what it leaves of them, widths over the frame."""
    stars = psf_stars(measured.pixels, measured.found)
    half = stars.data.shape[1] // 2
    fluxes = psf_fluxes(
        measured.pixels, measured.found, psf, stars.x, stars.y, settings=measured.settings
    ).flux.astype(float)  # fmt: skip
    good = np.isfinite(fluxes) & (fluxes > 0)
    stars, fluxes = stars.take(good), fluxes[good]
    models = psf.stamps(stars.x, stars.y, half) * fluxes[:, None, None]
    peak = models.max(axis=(1, 2))[:, None, None]
    left = stars.data - models
    left = left - np.median(left, axis=(1, 2))[:, None, None]
    left[~stars.good] = np.nan
    n = np.arange(2 * half + 1)
    radius = np.hypot((stars.i0[:, None] + n - stars.x[:, None])[:, None, :],
                      (stars.j0[:, None] + n - stars.y[:, None])[:, :, None])  # fmt: skip
    shown = np.unique(np.linspace(0, len(fluxes) - 1, _DRAWN).round().astype(int))
    x, y, fwhm, ellipticity, theta = _over_frame(psf)
    like = _stars_of(measured, stars.x, stars.y)
    middle = (psf.shape[1] - 1) / 2, (psf.shape[0] - 1) / 2
    whole = np.rint(middle)
    return Picture(
        title=f"{frame.name}: {psf.kind}, {psf.n_star} stars",
        fwhm=(psf.fwhm_x, psf.fwhm_y), theta=psf.theta, beta=psf.beta, degree=psf.degree, residual=psf.residual,
        shape=psf.shape, model=psf.stamps([whole[0]], [whole[1]], half)[0],
        radius=radius[stars.good], profile=((left + models) / fluxes[:, None, None])[stars.good],
        model_profile=(models / fluxes[:, None, None])[stars.good],
        stars=stars.data[shown], models=models[shown], left=(left / peak)[shown],
        mean_left=_mean(left / peak), grid=(x, y, fwhm, ellipticity, theta), places=like,
    )  # fmt: skip


def _mean(left: NDArray[Any]) -> NDArray[Any]:
    """Return the mean of what is left of the stars, their bad pixels left out."""
    counted = np.isfinite(left)
    return np.asarray(np.where(counted, left, 0.0).sum(axis=0) / np.maximum(counted.sum(axis=0), 1))


def _over_frame(psf: Psf) -> tuple[NDArray[np.float64], ...]:
    """Return places over the frame and there FWHM (px), ellipticity and theta of the profile."""
    at = (np.arange(_ALONG) + 0.5) / _ALONG
    x, y = (place.ravel() for place in np.meshgrid(at * psf.shape[1], at * psf.shape[0]))
    found = np.array([widths(p) for p in psf.parameters(x, y)])
    return x, y, np.sqrt(found[:, 0] * found[:, 1]), 1 - found[:, 1] / found[:, 0], found[:, 2]


def _stars_of(measured: InPrimary, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Return places and measured FWHM of the stars of a model."""
    from scipy.spatial import cKDTree

    found = measured.found
    nearest = cKDTree(np.c_[found.x, found.y]).query(np.c_[x, y])[1]
    return x, y, found.fwhm[nearest]
