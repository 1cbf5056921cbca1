"""Derive a sample of frames again from their pixels, and compare with what the store has of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from photdb.errors import InputError, PhotdbError
from photdb.ingest.frame_header import FrameHeader
from photdb.ingest.registration import Solution, wcs_from_text
from photdb.ingest.telescope import load_telescopes
from photdb.jobs.ingest_settings import IngestSettings
from photdb.jobs.inventory import sha256_of
from photdb.jobs.measure_frame import FrameTask, measured
from photdb.jobs.scan import scan
from photdb.photometry.flags import Flag
from photdb.photometry.settings import Aperture, PrimaryRule
from photdb.progress import track
from photdb.store.database import Database, statement

#: A flux is the same within this part of its error: compaction quantises errors, and nothing that they can see.
SAME_SIGMA = 0.05
#: A source is the same within this distance, px.
SAME_PX = 0.05


@dataclass(frozen=True, slots=True)
class Rederived:
    """What became of one frame that was derived again.

    Attributes
    ----------
    frame_id, path
        Of the frame.
    n_stored, n_lost, n_new, n_changed
        Sources the store has; those that are not found again; those found that it does not have; those whose flux,
        in any aperture, is another one by more than `SAME_SIGMA` of its error, or whose flags are.
    worst_sigma
        Largest difference of a flux, in its own error.
    why_not
        Why it could not be derived again; empty when it was.
    """

    frame_id: int
    path: str
    n_stored: int = 0
    n_lost: int = 0
    n_new: int = 0
    n_changed: int = 0
    worst_sigma: float = 0.0
    why_not: str = ""

    @property
    def is_same(self) -> bool:
        """Whether the pixels gave what the store has."""
        return not (self.why_not or self.n_lost or self.n_new or self.n_changed)


def rederive(db: Database, n: int, *, seed: int = 0) -> list[Rederived]:
    """Measure a sample of frames again, with the settings, masters, WCS and apertures that their rows name.

    Nothing is written. A frame whose file is not there, or is not the one that was measured, says so.

    Parameters
    ----------
    db : Database
    n : int
        Frames of the sample; all of them where there are fewer.
    seed : int, default=0
        Another sample for another seed.

    Returns
    -------
    list of Rederived
        One a frame.
    """
    frames = db.job("check_frames", n=n, seed=seed).dicts()
    masters = {row["master_id"]: row for row in db.query("masters").dicts()}
    folder = db.files.absolute() / "masters"
    return [_one(db, frame, masters, folder) for frame in track(frames, "frames derived again", len(frames))]


def _one(db: Database, frame: Mapping[str, Any], masters: Mapping[int, Any], folder: Path) -> Rederived:
    """Derive one frame again."""
    stored = db.arrow(statement("jobs", "check_detections"), {"frame_id": frame["frame_id"]})
    try:
        task = _task(frame, _header(frame), masters, folder)
        _, table = measured(task, solution=_solution(frame))
    except PhotdbError as error:
        why_not = error.what
    except OSError as error:
        why_not = f"{frame['path']}: {error.strerror or error}"
    except TypeError as error:
        why_not = f"its settings are not those of this photdb: {error}"
    else:
        return compare(frame["frame_id"], frame["path"], stored, table)
    return Rederived(frame["frame_id"], frame["path"], stored.num_rows, why_not=why_not)


def _header(frame: Mapping[str, Any]) -> FrameHeader:
    """Return the header of a frame's file, which must be the one that was measured."""
    path = Path(frame["path"])
    if not path.is_file():
        raise InputError(f"{path}: no such file", "`photdb frames --relocate OLD NEW` says where the files are now")
    if frame["sha256"] and sha256_of(path) != frame["sha256"]:
        raise InputError(f"{path}: its content is not what was measured", "bring the file back, or ingest it as new")
    for header in scan([path], telescopes=load_telescopes()).headers:
        if header.hdu == frame["hdu"]:
            return header
    raise InputError(f"{path}: extension {frame['hdu']} is not taken for a frame any more", "photdb telescopes check")


def _task(frame: Mapping[str, Any], header: FrameHeader, masters: Mapping[int, Any], folder: Path) -> FrameTask:
    """Return the task that measures a frame as its row says that it was measured."""
    settings = IngestSettings.from_json(frame["settings"])
    # Maps are only read here, never written; the aperture is the one that was decided then, whatever the rule.
    settings = replace(
        settings,
        solve=False,
        measure=replace(settings.measure, primary=PrimaryRule("growth", None)),
        background_map=_file(settings.background_map),
        noise_map=_file(settings.noise_map),
    )
    return FrameTask(
        header=header,
        key="",
        staging=Path(),
        settings=settings,
        apertures=_apertures(frame["aper_radius_px"], frame["fwhm_px"]),
        pixel_scale=frame["pixel_scale_arcsec"],
        growth_px=2 * frame["primary_radius_px"],
        bias=_master(frame, "bias", masters, folder),
        dark=_master(frame, "dark", masters, folder),
        flat=_master(frame, "flat", masters, folder),
        pattern=_master(frame, "pattern", masters, folder),
    )


def _master(frame: Mapping[str, Any], kind: str, masters: Mapping[int, Any], folder: Path) -> Path | None:
    """Return the file of a master that was used, which must be the one that was used."""
    if frame[f"{kind}_id"] is None:
        return None
    master = masters.get(frame[f"{kind}_id"])
    if master is None:
        raise InputError(f"master {kind} {frame[f'{kind}_id']} is not in the store", "photdb ingest --reprocess")
    path = folder / str(master["path"])
    if not path.is_file() or sha256_of(path) != master["sha256"]:
        raise InputError(f"{path}: the master is missing or another one", "photdb ingest --reprocess")
    return path


def _file(path: Path | None) -> Path | None:
    """Return a path where it is a file."""
    return path if path is not None and path.is_file() else None


def _apertures(radius_px: list[float | None], fwhm_px: float) -> tuple[tuple[int, Aperture], ...]:
    """Return the apertures that a frame was measured in, by the radius they had there."""
    sizes = enumerate(radius_px or [], start=1)
    return tuple((i, Aperture("fwhm", 2 * r / fwhm_px)) for i, r in sizes if r is not None and np.isfinite(r))


def _solution(frame: Mapping[str, Any]) -> Solution | None:
    """Return the WCS that the frame has in the store."""
    if not frame["wcs"]:
        return None
    return Solution(wcs_from_text(frame["wcs"]), frame["wcs_kind"], frame["wcs_rms_arcsec"], frame["wcs_n_star"])


def compare(frame_id: int, path: str, stored: pa.Table, again: pa.Table) -> Rederived:
    """Compare the sources of a frame with those found again.

    Parameters
    ----------
    frame_id, path : int, str
        Of the frame.
    stored, again : pyarrow.Table
        Columns x, y (px), fluxes and errors (ADU/s), flags.

    Returns
    -------
    Rederived
    """
    if not stored.num_rows or not again.num_rows:
        return Rederived(frame_id, path, stored.num_rows, stored.num_rows, again.num_rows)
    distance, nearest = cKDTree(_places(again)).query(_places(stored))
    here = distance <= SAME_PX
    there = nearest[here]
    sigma = np.zeros(int(here.sum()))
    for name in ("flux", "flux_auto", "aper_flux"):
        sigma = np.maximum(sigma, _differences(stored.filter(pa.array(here)), again.take(there), name))
    # Whether a neighbour is merged with it is known only when other frames are: not from the pixels of this one.
    own = ~np.int64(Flag.MERGED)
    flags = (_column(stored, "flags")[here] & own) != (_column(again, "flags")[there] & own)
    return Rederived(
        frame_id,
        path,
        stored.num_rows,
        n_lost=int((~here).sum()),
        n_new=again.num_rows - len(set(there.tolist())),
        n_changed=int(((sigma > SAME_SIGMA) | flags).sum()),
        worst_sigma=float(sigma.max(initial=0.0)),
    )


def _places(table: pa.Table) -> NDArray[np.float64]:
    """Return pixel positions, shape (n, 2)."""
    return np.column_stack([_column(table, "x"), _column(table, "y")]).astype(float)


def _column(table: pa.Table, name: str) -> NDArray[Any]:
    """Return a column as an array; NULL is NaN."""
    return np.asarray(table.column(name).to_numpy(zero_copy_only=False))


def _differences(stored: pa.Table, again: pa.Table, name: str) -> NDArray[np.float64]:
    """Return by how many of its errors a flux differs, the worst of a list; infinite where only one of both is NULL."""
    old, new, error = (_wide(t, c) for t, c in ((stored, name), (again, name), (stored, f"{name}_err")))
    width = old.shape[1]
    if new.shape[1] < width:
        new = np.pad(new, ((0, 0), (0, width - new.shape[1])), constant_values=np.nan)
    new = new[:, :width]
    with np.errstate(divide="ignore", invalid="ignore"):
        sigma = np.abs(new - old) / error
    sigma[np.isnan(old) & np.isnan(new)] = 0.0
    sigma[(old == new) & ~np.isfinite(sigma)] = 0.0
    sigma[np.isnan(old) != np.isnan(new)] = np.inf
    return np.asarray(np.nan_to_num(sigma, nan=0.0, posinf=np.inf).max(axis=1, initial=0.0))


def _wide(table: pa.Table, name: str) -> NDArray[np.float64]:
    """Return a column of numbers, or of lists of them, as an array of shape (n, width); NULL is NaN."""
    column = table.column(name)
    if not pa.types.is_list(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False), dtype=float)[:, None]
    lists = column.to_pylist()
    wide = np.full((len(lists), max((len(v) for v in lists if v), default=0)), np.nan)
    for i, values in enumerate(lists):
        if values:
            wide[i, : len(values)] = [np.nan if v is None else v for v in values]
    return wide
