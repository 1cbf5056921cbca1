"""Connected sources above a threshold: what sep does, on the few tiles of a frame that hold any."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import sep

from photdb.photometry.flags import Flag

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photdb.photometry.settings import MeasureSettings

log = logging.getLogger(__name__)

#: Side of a tile, px: one 64-bit word of truth values.
TILE = 8
#: Width of the mosaic that tiles with sources are laid out on, px.
_MOSAIC = 2048
#: When the mosaic would be larger than this share of the frame, the frame itself is searched.
_WORTH = 0.6
#: Pixels that sep may hold while it connects them, and parts of a source; raised when they do not fit.
_PIXEL_STACK, _SUB_OBJECTS = 1_000_000, 4096
#: Wings of bright sources fall like 1 / (1 + r²) here: source-extractor's CLEAN_PARAM 1.
_WING_REACH = 6.0
_SEP_FLAGS = (
    (sep.OBJ_MERGED, Flag.DEBLENDED), (sep.OBJ_DOVERFLOW, Flag.BLEND_SUSPECTED), (sep.OBJ_SINGU, Flag.NO_SHAPE),
)  # fmt: skip


def count_tiles(significance: NDArray[np.float32], threshold: float) -> NDArray[np.uint8]:
    """Return how many pixels of each tile of a band (of TILE rows times a number) are above the threshold."""
    rows, width = significance.shape
    above: NDArray[np.bool_] = np.zeros((-(-rows // TILE) * TILE, -(-width // TILE) * TILE), bool)
    np.greater(significance, np.float32(threshold), out=above[:rows, :width])
    per_row = np.bitwise_count(above.view(np.uint64))
    return np.asarray(per_row.reshape(-1, TILE, per_row.shape[1]).sum(axis=1, dtype=np.uint8))


def extract(
    significance: NDArray[np.float32], tiles: NDArray[np.uint8], settings: MeasureSettings
) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Return the sources of a frame as sep's table, in units of the noise, and their flags.

    sep (as source-extractor) looks at every pixel one by one, and cuts every source at 32 levels to take it apart. Only
    the boxes around connected tiles with enough pixels above the threshold can hold a source, so these alone are laid
    out on a mosaic and searched; and only what has more than one local maximum can come apart. It finds the same
    in a third of the time. sep's cleaning, which compares every source with every other, is done by neighbourhood.

    Parameters
    ----------
    significance : ndarray of float32, (height, width)
        Smoothed frame in noise of a single pixel.
    tiles : ndarray of uint8
        From `count_tiles`.
    settings : MeasureSettings
    """
    found = _search(significance, tiles, settings)
    if settings.clean and len(found) > 1:
        found = found[~_wing_noise(found, significance, settings)]
    flags = np.zeros(len(found), np.int32)
    for theirs, ours in _SEP_FLAGS:
        flags |= np.where(found["flag"] & theirs, int(ours), 0).astype(np.int32)
    height, width = significance.shape
    cut = (found["xmin"] <= 0) | (found["ymin"] <= 0) | (found["xmax"] >= width - 1) | (found["ymax"] >= height - 1)
    return found, flags | np.where(cut, int(Flag.TRUNCATED), 0).astype(np.int32)


def _search(significance: NDArray[np.float32], tiles: NDArray[np.uint8], settings: MeasureSettings) -> NDArray[Any]:
    """Find all sources, before cleaning."""
    spans, labels = _spans(tiles, settings.min_pixels, significance.shape)
    if ((spans[:, 2] - spans[:, 1] + 1) * (spans[:, 4] - spans[:, 3] + 1)).sum() > _WORTH * significance.size:
        return _extract(significance, settings, settings.deblend_levels)
    mosaic, boxes = _lay_out(significance, spans)
    several = _peaks(mosaic, boxes, settings.threshold_sigma) > 1
    for _, y, x, _, _, h, w in boxes[several].tolist():
        mosaic[y : y + h, x : x + w] = 0
    manifold = np.isin(spans[:, 0], boxes[several, 0])
    single = _back_to_frame(_extract(mosaic, settings, 1), boxes, labels, spans[~manifold, 0])
    if not manifold.any():
        return single
    mosaic, boxes = _lay_out(significance, spans[manifold])
    apart = _back_to_frame(_extract(mosaic, settings, settings.deblend_levels), boxes, labels, spans[manifold, 0])
    found = np.concatenate([single, apart])
    return np.asarray(found[np.lexsort((found["xpeak"], found["ypeak"]))])


def _spans(
    tiles: NDArray[np.uint8], min_pixels: int, shape: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return label, first and last row, first and last column (half open, px) of connected tiles, and the labels."""
    from scipy import ndimage

    labels, n = ndimage.label(tiles, structure=np.ones((3, 3), int))
    j, i = np.nonzero(tiles)
    label = labels[j, i]
    enough = np.bincount(label, weights=tiles[j, i], minlength=n + 1) >= min_pixels
    order = np.argsort(label, kind="stable")
    label, j, i = label[order], j[order], i[order]
    first = np.flatnonzero(np.diff(label, prepend=0))
    if not len(first):
        return np.empty((0, 5), np.int64), labels
    span = np.stack(
        [
            label[first],
            TILE * np.minimum.reduceat(j, first),
            np.minimum(TILE * (np.maximum.reduceat(j, first) + 1), shape[0]),
            TILE * np.minimum.reduceat(i, first),
            np.minimum(TILE * (np.maximum.reduceat(i, first) + 1), shape[1]),
        ],
        axis=1,
    ).astype(np.int64)
    return span[enough[span[:, 0]]], labels


def _lay_out(
    significance: NDArray[np.float32], spans: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return a mosaic of spans; and of each label, row and column there, offset to the frame, height and width."""
    spans = spans[np.argsort(spans[:, 1] - spans[:, 2], kind="stable")]
    tall, wide = (spans[:, 2] - spans[:, 1]).tolist(), (spans[:, 4] - spans[:, 3]).tolist()
    across = max(_MOSAIC, max(wide, default=0) + 2)
    places, x, y, shelf = [], 1, 1, 0
    for h, w in zip(tall, wide, strict=True):
        if x + w + 1 > across:
            x, y, shelf = 1, y + shelf + 1, 0
        shelf = max(shelf, h)
        places.append((y, x))
        x += w + 1
    mosaic = np.zeros((y + shelf + 1, across), np.float32)
    corners = spans[:, [1, 3]].tolist()
    for (y, x), (j, i), h, w in zip(places, corners, tall, wide, strict=True):
        mosaic[y : y + h, x : x + w] = significance[j : j + h, i : i + w]
    place = np.array(places, dtype=np.int64).reshape(-1, 2)
    size = spans[:, [2, 4]] - spans[:, [1, 3]]
    return mosaic, np.concatenate([spans[:, :1], place, spans[:, [1, 3]] - place, size], axis=1)


def _peaks(mosaic: NDArray[np.float32], boxes: NDArray[np.int64], threshold: float) -> NDArray[np.int64]:
    """Count the local maxima above the threshold in each box."""
    height, width = mosaic.shape
    core = mosaic[1:-1, 1:-1]
    top = core > threshold
    for dy, dx in ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)):
        other = mosaic[1 + dy : height - 1 + dy, 1 + dx : width - 1 + dx]
        top &= (core > other) if (dy, dx) > (0, 0) else (core >= other)
    y, x = np.nonzero(top)
    owner = _owner(boxes, y + 1, x + 1) if len(boxes) else np.empty(0, np.intp)
    return np.asarray(np.bincount(owner, minlength=len(boxes)), dtype=np.int64)


def _owner(boxes: NDArray[np.int64], y: NDArray[Any], x: NDArray[Any]) -> NDArray[np.intp]:
    """Return which box, in the order they were laid out, holds each pixel of the mosaic."""
    shelf = np.unique(boxes[:, 1])
    row = shelf[np.searchsorted(shelf, y, side="right") - 1]
    far = 1 << 32
    return np.asarray(np.searchsorted(boxes[:, 1] * far + boxes[:, 2], row * far + x, side="right") - 1)


def _back_to_frame(
    found: NDArray[Any], boxes: NDArray[np.int64], labels: NDArray[np.int32], wanted: NDArray[np.int64]
) -> NDArray[Any]:
    """Put sources of the mosaic in their place on the frame, but for those that belong to another box."""
    if not len(found):
        return found
    owner = _owner(boxes, found["ypeak"], found["xpeak"])
    for names, column in ((("y", "ymin", "ymax", "ypeak", "ycpeak"), 3), (("x", "xmin", "xmax", "xpeak", "xcpeak"), 4)):
        for name in names:
            found[name] += boxes[owner, column]
    label = boxes[owner, 0]
    own = (labels[found["ypeak"] // TILE, found["xpeak"] // TILE] == label) & np.isin(label, wanted)
    return np.asarray(found[own])


def _extract(image: NDArray[np.float32], settings: MeasureSettings, levels: int) -> NDArray[Any]:
    """Connect and deblend sources; raise the limits of sep until they fit."""
    stack, sub_objects, contrast = min(_PIXEL_STACK, image.size), _SUB_OBJECTS, settings.deblend_contrast
    while True:
        sep.set_extract_pixstack(stack)
        sep.set_sub_object_limit(sub_objects)
        try:
            found: NDArray[Any] = sep.extract(
                image, settings.threshold_sigma, minarea=settings.min_pixels, filter_kernel=None,
                deblend_nthresh=levels, deblend_cont=contrast, clean=False,
            )  # fmt: skip
        except Exception as error:  # sep raises Exception itself
            if "pixel buffer full" in str(error) and stack < image.size:
                stack = min(4 * stack, image.size)
            elif "deblending overflow" in str(error) and sub_objects < 16 * _SUB_OBJECTS:
                sub_objects *= 4
            elif "deblending overflow" in str(error) and contrast < 1.0:
                log.warning("a source is too intricate to take apart; this frame is measured without deblending")
                contrast = 1.0
            else:
                raise
        else:
            return found


def _wing_noise(found: NDArray[Any], significance: NDArray[np.float32], settings: MeasureSettings) -> NDArray[np.bool_]:
    """Find sources that would not be there without the wing of a brighter one.

    The criterion is source-extractor's: the wing, which falls like 1 / (1 + alpha r²) and equals the threshold where
    the isophote ends, is above what lifts the `min_pixels`-th brightest pixel over the threshold.
    """
    from scipy.spatial import cKDTree

    threshold = settings.threshold_sigma
    around = np.sort(around_peak(significance, found), axis=0)
    lift = around[9 - min(settings.min_pixels, 9)] - threshold
    radius2 = found["npix"] / np.pi
    where = np.c_[found["x"], found["y"]]
    strong = np.flatnonzero(found["cpeak"] > 2 * threshold)
    near = cKDTree(where).query_ball_point(where[strong], _WING_REACH * np.sqrt(radius2[strong]) + 5.0)
    i = np.repeat(strong, [len(n) for n in near])
    j = np.fromiter((k for n in near for k in n), np.intp, len(i))
    brighter = found["cflux"][i] > found["cflux"][j]
    i, j = i[brighter], j[brighter]
    dx, dy = (where[j] - where[i]).T
    ellipse = found["cxx"][i] * dx**2 + found["cyy"][i] * dy**2 + found["cxy"][i] * dx * dy
    r2 = ellipse * found["a"][i] * found["b"][i] / radius2[i]
    peak = found["cpeak"][i]
    wing = peak / (1 + (peak / threshold - 1) * r2)
    out = np.zeros(len(found), bool)
    out[j[wing > np.maximum(lift[j], 0)]] = True
    return out


def around_peak(image: NDArray[Any], found: NDArray[Any]) -> NDArray[Any]:
    """Return the 3x3 pixels around the peak of each source: (9, sources)."""
    height, width = image.shape
    dy, dx = np.mgrid[-1:2, -1:2].reshape(2, 9, 1)
    return np.asarray(image[np.clip(found["ypeak"] + dy, 0, height - 1), np.clip(found["xpeak"] + dx, 0, width - 1)])
