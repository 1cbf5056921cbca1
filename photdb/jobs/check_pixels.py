"""Derive a sample of frames again from their pixels, and compare with what the store has of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from photdb.errors import PhotdbError
from photdb.jobs.frame_again import masters_of, solution_of, task_again
from photdb.jobs.measure_frame import measured
from photdb.photometry.flags import Flag
from photdb.progress import track
from photdb.store.database import Database, statement

#: A flux is the same within this part of its error: compaction quantises errors, and nothing that they can see.
SAME_SIGMA = 0.05
#: An error is the same within this part of itself.
SAME_ERROR = 0.02
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
        in any aperture, is another one by more than `SAME_SIGMA` of its error, or whose flags are, or whose error is
        by more than `SAME_ERROR` of itself.
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
    masters, folder = masters_of(db), db.files.absolute() / "masters"
    return [_one(db, frame, masters, folder) for frame in track(frames, "frames derived again", len(frames))]


def _one(db: Database, frame: Mapping[str, Any], masters: Mapping[int, Any], folder: Path) -> Rederived:
    """Derive one frame again."""
    stored = db.arrow(statement("jobs", "check_detections"), {"frame_id": frame["frame_id"]})
    try:
        task = task_again(frame, masters, folder)
        _, table = measured(task, solution=solution_of(frame))
    except PhotdbError as error:
        why_not = error.what
    except OSError as error:
        why_not = f"{frame['path']}: {error.strerror or error}"
    except TypeError as error:
        why_not = f"its settings are not those of this photdb: {error}"
    else:
        # Errors of an earlier photdb, which did not look for noise that pixels share, may be others.
        return compare(frame["frame_id"], frame["path"], stored, table, errors=task.correlation is not None)
    return Rederived(frame["frame_id"], frame["path"], stored.num_rows, why_not=why_not)


def compare(frame_id: int, path: str, stored: pa.Table, again: pa.Table, *, errors: bool = True) -> Rederived:
    """Compare the sources of a frame with those found again.

    Parameters
    ----------
    frame_id, path : int, str
        Of the frame.
    stored, again : pyarrow.Table
        Columns x, y (px), fluxes and errors (ADU/s), flags.
    errors : bool
        Compare the errors too.

    Returns
    -------
    Rederived
    """
    if not stored.num_rows or not again.num_rows:
        return Rederived(frame_id, path, stored.num_rows, stored.num_rows, again.num_rows)
    distance, nearest = cKDTree(_places(again)).query(_places(stored))
    here = distance <= SAME_PX
    there = nearest[here]
    sigma, other = np.zeros(int(here.sum())), np.zeros(int(here.sum()), bool)
    for name in ("flux", "flux_auto", "aper_flux", "flux_psf"):
        one, two = stored.filter(pa.array(here)), again.take(there)
        sigma = np.maximum(sigma, _differences(one, two, name))
        other |= _other_errors(one, two, f"{name}_err") & errors
    # Whether a neighbour is merged with it is known only when other frames are: not from the pixels of this one.
    own = ~np.int64(Flag.MERGED)
    flags = (_column(stored, "flags")[here] & own) != (_column(again, "flags")[there] & own)
    return Rederived(
        frame_id,
        path,
        stored.num_rows,
        n_lost=int((~here).sum()),
        n_new=again.num_rows - len(set(there.tolist())),
        n_changed=int(((sigma > SAME_SIGMA) | flags | other).sum()),
        worst_sigma=float(sigma.max(initial=0.0)),
    )


def _places(table: pa.Table) -> NDArray[np.float64]:
    """Return pixel positions, shape (n, 2)."""
    return np.column_stack([_column(table, "x"), _column(table, "y")]).astype(float)


def _column(table: pa.Table, name: str) -> NDArray[Any]:
    """Return a column as an array; NULL is NaN."""
    return np.asarray(table.column(name).to_numpy(zero_copy_only=False))


def _other_errors(stored: pa.Table, again: pa.Table, name: str) -> NDArray[np.bool_]:
    """Tell which errors are others, any of a list."""
    old, new = _both(stored, again, name)
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(new - old) > SAME_ERROR * old).any(axis=1))


def _both(stored: pa.Table, again: pa.Table, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a column of both tables, as wide as that of the first."""
    old, new = _wide(stored, name), _wide(again, name)
    missing = max(old.shape[1] - new.shape[1], 0)
    return old, np.pad(new, ((0, 0), (0, missing)), constant_values=np.nan)[:, : old.shape[1]]


def _differences(stored: pa.Table, again: pa.Table, name: str) -> NDArray[np.float64]:
    """Return by how many of its errors a flux differs, the worst of a list; infinite where only one of both is NULL."""
    (old, new), error = _both(stored, again, name), _wide(stored, f"{name}_err")
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
