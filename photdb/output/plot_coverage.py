"""Sky coverage: frames per HEALPix cell, one panel a band; a field on its tangent plane, a survey as the whole sky."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photdb.output.plot_style import refuse_unknown, save

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: A field wider than this (deg) is drawn on a map of the whole sky.
WIDEST = 30.0
#: Cells of the whole sky are drawn in this order (0.9 deg).
_SKY_ORDER = 6

Bands = Mapping[str, "tuple[NDArray[np.int64], NDArray[np.int64]]"]


def draw(bands: Bands, order: int, path: Path, *, title: str) -> None:
    """Draw frames per cell.

    Parameters
    ----------
    bands : mapping
        By band: cells (NESTED) and the number of frames of each.
    order : int
        HEALPix order of the cells.
    path : Path
        The picture; its suffix says which kind.
    title : str
        Above it.
    """
    import healpy
    import numpy as np
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    refuse_unknown(path)
    every = np.unique(np.concatenate([cells for cells, _ in bands.values()]))
    vectors = np.stack(healpy.pix2vec(2**order, every, nest=True), axis=-1)
    middle = vectors.mean(axis=0)
    length = float(np.linalg.norm(middle))
    middle = middle / length if length > 1e-6 else np.array([1.0, 0.0, 0.0])
    reach = math.degrees(float(np.arccos(np.clip(vectors @ middle, -1, 1)).max()))
    whole = reach > WIDEST / 2
    n = len(bands)
    across = min(n, 2 if whole else 3)
    down = math.ceil(n / across)
    figure = Figure(figsize=((6.4 if whole else 4.2) * across, (3.6 if whole else 4.0) * down), layout="constrained")
    for k, (band, (cells, counts)) in enumerate(sorted(bands.items()), 1):
        ax: Any = figure.add_subplot(down, across, k, projection="mollweide" if whole else None)
        drawn = _whole_sky(ax, cells, counts, order) if whole else _field(ax, cells, counts, order, middle, reach)
        ax.set_title(f"{band}: {int(counts.max())} frames at most")
        ticks = MaxNLocator(integer=True, min_n_ticks=1)
        figure.colorbar(drawn, ax=ax, label="frames", shrink=0.7 if whole else 0.9, ticks=ticks)
    figure.suptitle(title)
    save(figure, path)


def _field(
    ax: Any, cells: NDArray[np.int64], counts: NDArray[np.int64], order: int, middle: NDArray[np.float64], reach: float
) -> Any:
    """Draw the cells of a field on the plane that touches the sky at its middle, east to the left."""
    import healpy
    import numpy as np
    from matplotlib.collections import PolyCollection

    corners = np.moveaxis(healpy.boundaries(2**order, cells, step=1, nest=True), 1, 2)
    h = math.hypot(middle[0], middle[1])
    east = np.array([-middle[1], middle[0], 0.0]) / h if h > 1e-9 else np.array([0.0, 1.0, 0.0])
    north = np.cross(middle, east)
    depth = corners @ middle
    plane = np.degrees(np.stack([corners @ east / depth, corners @ north / depth], axis=-1))
    drawn = PolyCollection(
        list(plane), array=counts, cmap="viridis", edgecolors="face", linewidths=0.2, rasterized=True
    )
    drawn.set_clim(1 if counts.max() > 1 else 0, counts.max())
    ax.add_collection(drawn)
    size = 1.08 * math.degrees(math.tan(math.radians(reach)))
    ax.set_xlim(size, -size)
    ax.set_ylim(-size, size)
    ax.set_aspect("equal")
    ra, dec = math.degrees(math.atan2(middle[1], middle[0])) % 360, math.degrees(math.asin(middle[2]))
    ax.set_xlabel(f"east of {ra:.3f} (deg)")
    ax.set_ylabel(f"north of {dec:+.3f} (deg)")
    return drawn


def _whole_sky(ax: Any, cells: NDArray[np.int64], counts: NDArray[np.int64], order: int) -> Any:
    """Draw the cells on a Mollweide map of the sky, RA 180 in the middle and increasing to the left."""
    import healpy
    import numpy as np

    to = min(order, _SKY_ORDER)
    full = np.zeros(12 * 4**to)
    np.maximum.at(full, cells >> 2 * (order - to), counts)
    lon, lat = np.linspace(-180, 180, 1441), np.linspace(-90, 90, 721)
    mid_lon, mid_lat = np.meshgrid((lon[1:] + lon[:-1]) / 2, (lat[1:] + lat[:-1]) / 2)
    seen = full[healpy.ang2pix(2**to, (180 - mid_lon) % 360, mid_lat, nest=True, lonlat=True)]
    drawn = ax.pcolormesh(
        np.radians(lon), np.radians(lat), np.ma.masked_equal(seen, 0), cmap="viridis", rasterized=True
    )
    drawn.set_clim(1 if counts.max() > 1 else 0, counts.max())
    ax.grid(alpha=0.3)
    ax.set_xticks(np.radians([-120, -60, 0, 60, 120]), ["300°", "240°", "180°", "120°", "60°"])
    return drawn
