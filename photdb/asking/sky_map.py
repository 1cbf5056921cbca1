"""How often each part of the sky was observed: frames per HEALPix cell and band, from the outlines of the frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from photdb.asking.moc import of_cells
from photdb.errors import NotFoundError, UsageError
from photdb.sky import unit_vector
from photdb.store.database import Database

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Finest and coarsest cells of a map: 13 arcsec and 3.7 degrees.
FINEST, COARSEST = 14, 4
#: A frame is about so many cells wide.
_ACROSS = 40


@dataclass(frozen=True)
class SkyMap:
    """Frames per cell of one order (NESTED), band by band; a frame counts where it holds the middle of a cell."""

    order: int
    bands: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]

    def cells(self) -> NDArray[np.int64]:
        """Return every cell that was observed in any band."""
        import numpy as np

        return np.unique(np.concatenate([cells for cells, _ in self.bands.values()]))

    def ranges(self) -> list[tuple[int, int]]:
        """Return what was observed as ranges of order-29 cells: a MOC."""
        return of_cells(self.order, self.cells().tolist())


def sky_map(db: Database, *, band: str | None = None, order: int | None = None) -> SkyMap:
    """Return how often each part of the sky was observed.

    Parameters
    ----------
    db : Database
        The store.
    band : str, optional
        Only this one.
    order : int, optional
        HEALPix order of the cells; by default so fine that the smallest frame is some forty of them wide.

    Raises
    ------
    NotFoundError
        If no frame has an outline (in that band).
    UsageError
        If the order is none that maps are made in.
    """
    if order is not None and not COARSEST <= order <= FINEST:
        raise UsageError(f"order {order} is outside {COARSEST} to {FINEST}", "12 makes cells of 52 arcsec")
    outlines = db.query("coverage_outlines", band=band).dicts()
    if not outlines:
        of_band = f" of band {band}" if band else ""
        raise NotFoundError(f"no measured frame{of_band} says where it points", "`photdb frames` lists the frames")
    corners = [unit_vector(o["corner_ra"], o["corner_dec"]) for o in outlines]
    order = _fitting(corners) if order is None else order
    found: dict[str, list[tuple[NDArray[np.int64], int]]] = {}
    for outline, vectors in zip(outlines, corners, strict=True):
        found.setdefault(outline["band"], []).append((_inside(vectors, order), outline["n_frame"]))
    return SkyMap(order, {name: _counted(parts) for name, parts in found.items()})


def _fitting(corners: Sequence[NDArray[np.float64]]) -> int:
    """Return the order whose cells are as fine as the smallest frame asks for, and not too many for the whole sky."""
    import numpy as np

    widths = [float(np.linalg.norm(np.ptp(c, axis=0))) for c in corners]
    cell = min(widths) / _ACROSS
    finest = int(np.clip(np.ceil(np.log2(1.0233 / max(cell, 1e-9))), COARSEST, FINEST))
    total = sum(w * w for w in widths)
    while finest > COARSEST and total / (1.0233 / 2**finest) ** 2 > 2e7:
        finest -= 1
    return finest


def _inside(corners: NDArray[np.float64], order: int) -> NDArray[np.int64]:
    """Return the cells whose middles an outline holds, its sides being great circles."""
    import healpy
    import numpy as np

    middle = corners.sum(axis=0) / np.linalg.norm(corners.sum(axis=0))
    reach = float(np.arccos(np.clip(corners @ middle, -1, 1)).max())
    cells = healpy.query_disc(2**order, middle, reach, inclusive=False, nest=True)
    vectors = np.stack(healpy.pix2vec(2**order, cells, nest=True), axis=-1)
    east = np.cross([0.0, 0.0, 1.0] if abs(middle[2]) < 0.9 else [1.0, 0.0, 0.0], middle)
    east /= np.linalg.norm(east)
    axes = np.stack([east, np.cross(middle, east)], axis=-1)
    places, outline = (v @ axes / (v @ middle)[:, None] for v in (vectors, corners))
    odd = np.zeros(len(cells), dtype=bool)
    for (u1, v1), (u2, v2) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if v1 != v2:
            across = (v1 > places[:, 1]) != (v2 > places[:, 1])
            odd ^= across & (places[:, 0] < u1 + (places[:, 1] - v1) / (v2 - v1) * (u2 - u1))
    return np.asarray(cells[odd], dtype=np.int64)


def _counted(parts: Sequence[tuple[NDArray[np.int64], int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return cells and the number of frames of each."""
    import numpy as np

    cells, place = np.unique(np.concatenate([c for c, _ in parts]), return_inverse=True)
    weights: Any = np.concatenate([np.full(len(c), n) for c, n in parts])
    return cells, np.bincount(place, weights=weights, minlength=len(cells)).astype(np.int64)


def coarser(cells: NDArray[np.int64], counts: NDArray[np.int64], order: int, to: int) -> tuple[Any, Any]:
    """Return cells of a coarser order, each with the greatest count in it."""
    import numpy as np

    if to >= order:
        return cells, counts
    parents, place = np.unique(cells >> 2 * (order - to), return_inverse=True)
    greatest = np.zeros(len(parents), dtype=np.int64)
    np.maximum.at(greatest, place, counts)
    return parents, greatest
