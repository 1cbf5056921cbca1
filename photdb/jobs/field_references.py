"""Reference stars around each pointing of a night, laid down once for the workers."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.errors import PhotdbError
from photdb.ingest.frame_header import FrameHeader
from photdb.ingest.registration import ReferenceStars
from photdb.jobs import refcat
from photdb.jobs.measure_frame import FrameTask
from photdb.jobs.plan_ingest import Light, Plan
from photdb.jobs.staging import staging_key, staging_of
from photdb.magnitudes import flux_to_mag
from photdb.sky import chord, unit_vector
from photdb.store.database import Database

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: How far a pointing may be wrong, deg.
POINTING_DEG = 2.0
#: Reference stars handed to a worker, the brightest.
MAX_REFERENCE = 200_000
#: Objects that make a reference where there is no catalogue.
MIN_OBJECTS = 20
#: Frames pointing within this of each other share their reference stars, deg.
FIELD_DEG = 0.5


@dataclass(frozen=True, slots=True)
class FieldStars:
    """Reference stars of a field, laid down for the workers.

    Attributes
    ----------
    path : Path
    digest : str
        Of their content.
    is_own : bool
        They are objects of the store: no catalogue covers the field, but it was seen before.
    """

    path: Path
    digest: str
    is_own: bool


def export_references(store: Path, lights: Sequence[Light], work: Plan) -> dict[Path, FieldStars]:
    """Write the reference stars around each pointing for the workers; frames of one field share a file."""
    fields: list[tuple[NDArray[np.float64], float, FieldStars | None]] = []
    out: dict[Path, FieldStars] = {}
    folder = staging_of(store)
    with Database.open(store) as db:
        for light in lights:
            header = light.header
            place = pointing(header)
            if place is None or header.mjd_mid is None:
                continue
            unit = unit_vector(*place)
            radius = _reference_radius(header, work)
            near = np.cos(np.radians(FIELD_DEG))
            shared = next((f for f in fields if f[0] @ unit > near and f[1] >= radius - 1e-9), None)
            if shared is None:
                epoch = 2000.0 + (header.mjd_mid - 51544.5) / 365.25
                shared = (unit, radius, _lay_down(db, folder, place, radius + FIELD_DEG, epoch))
                fields.append(shared)
            if shared[2] is not None:
                out[header.path] = shared[2]
    return out


def pointing(header: FrameHeader) -> tuple[float, float] | None:
    """Return where a frame looks as far as its header knows, its WCS before its pointing."""
    if header.wcs:
        from photdb.ingest.wcs import centre, wcs_from_text

        try:
            return centre(wcs_from_text(header.wcs), header.width, header.height)
        except PhotdbError:
            log.info("%s: its WCS cannot be read", header.path)
    if header.ra is None or header.dec is None:
        return None
    return header.ra, header.dec


def scale_of(header: FrameHeader, work: Plan) -> float | None:
    """Return the scale of a frame, arcsec/px, as far as its header or earlier frames of the detector know."""
    scale = header.pixel_scale or work.scales.get((header.detector, f"{header.binning[0]}x{header.binning[1]}"))
    if header.wcs:
        from photdb.ingest.wcs import scale_arcsec, wcs_from_text

        with suppress(PhotdbError):
            scale = scale_arcsec(wcs_from_text(header.wcs))
    return scale


def _reference_radius(header: FrameHeader, work: Plan) -> float:
    """Return how far around the pointing reference stars are needed, deg."""
    scale = scale_of(header, work)
    half = 0.5 * np.hypot(header.width, header.height) * scale / 3600 if scale else 1.0
    return float(min(half * 1.1 + POINTING_DEG, 90.0))


def _lay_down(db: Database, folder: Path, place: tuple[float, float], radius: float, epoch: float) -> FieldStars | None:
    """Write the catalogue stars around a place, else our own objects there; None where neither are known."""
    stars = refcat.reference_stars(db, *place, radius, epoch=epoch, limit=MAX_REFERENCE)
    if len(stars):
        return FieldStars(*_write_reference(folder, stars), is_own=False)
    objects = _own_objects(db, place, radius)
    if len(objects) >= MIN_OBJECTS:
        return FieldStars(*_write_reference(folder, objects), is_own=True)
    return None


def _own_objects(db: Database, place: tuple[float, float], radius: float) -> ReferenceStars:
    """Return the objects around a place by their instrumental brightness."""
    centre, reach = unit_vector(*place), float(chord(3600 * radius))
    box = {
        f"{axis}{k}": float(centre[i] + sign * reach) for i, axis in enumerate("xyz") for k, sign in ((0, -1), (1, 1))
    }
    rows = np.array(db.query("objects_near", **box).rows, dtype=float).reshape(-1, 3)[:MAX_REFERENCE]
    return ReferenceStars(rows[:, 0], rows[:, 1], flux_to_mag(rows[:, 2]))


def _write_reference(folder: Path, stars: ReferenceStars) -> tuple[Path, str]:
    """Write reference stars once, under a digest of themselves."""
    digest = staging_key(stars.ra.tobytes().hex(), stars.dec.tobytes().hex(), stars.mag.tobytes().hex())
    path = folder / f"reference-{digest}.npz"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as stream:
            np.savez(stream, ra=stars.ra, dec=stars.dec, mag=stars.mag)
        temporary.replace(path)
    return path, digest


class References(Mapping[str, "ReferenceStars | None"]):
    """Reference stars by staging key, read when asked for."""

    def __init__(self, tasks: Iterable[FrameTask]) -> None:
        self._paths = {task.key: task.reference for task in tasks}

    def __getitem__(self, key: str) -> ReferenceStars | None:
        path = self._paths[key]
        if path is None:
            return None
        with np.load(path) as stars:
            return ReferenceStars(stars["ra"], stars["dec"], stars["mag"])

    def __iter__(self) -> Any:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)
