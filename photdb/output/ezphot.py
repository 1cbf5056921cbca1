"""ezphot's catalogues: a folder with one text table a frame, ``<frame>.cat``, in counts of the whole exposure.

The first columns are the 65 of its table (with five apertures; two more of each kind for each further one), the others
what its calibration adds: MAGSKY_, ZP_, ZPERR_, UL3_ and UL5_. What photdb does not measure is NaN (ISOAREA_IMAGE).
``MAGSYS`` says what the magnitudes are; without AB, Vega or tied magnitudes the added columns are NaN. ezphot reads the
file as it reads its own, which are astropy's basic text tables.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.magnitudes import aperture_pixels, flux_to_mag, mag_error, per_exposure
from photdb.output.ezphot_units import CALIBRATED, diameter_px, suffixes, zero_of, zero_point
from photdb.output.formats import appearing
from photdb.output.names_in_folder import names_in_folder
from photdb.store.answer import Answer

NAME = "ezphot"
SUFFIX = ".cat"
OF = "detection"
QUESTION = "export_ezphot"
FOLDER = True

Columns = dict[str, NDArray[Any]]


def write(answer: Answer, folder: Path) -> int:
    """Write one file a frame into a folder; return the number of rows."""
    frames = {f["frame_id"]: f for f in answer.database.query("frames_measured", frames=None).dicts()}
    zeros = {(z["frame_id"], z["aperture_id"]): z
             for z in answer.database.query("zeropoints_of_frames", frames=None).dicts()}  # fmt: skip
    names = names_in_folder({n: Path(_file_name(f)) for n, f in frames.items()})
    suffix = suffixes(answer.database.query("apertures").dicts())
    columns = [c.name for c in answer.columns]  # asked for before the rows: a connection answers one question at a time
    total = 0
    for frame_id, rows in groupby(answer.rows(), key=lambda row: row[0]):
        read = _read(list(rows), columns)
        frame = frames[frame_id]
        mine = {aperture_id: zeros.get((frame_id, aperture_id)) for aperture_id in (0, *suffix)}
        with appearing(folder / f"{names[frame_id]}{SUFFIX}") as temporary:
            _write_table(table(read, frame, mine, suffix), temporary)
        total += len(read["x"])
    return total


def _file_name(frame: Mapping[str, Any]) -> str:
    """Return the name of a frame: that of its file, with the number of the extension where it is not the first."""
    path = Path(frame["path"])
    return path.name if frame["hdu"] < 2 else f"{path.name}.{frame['hdu']}"


def _read(rows: list[tuple[Any, ...]], names: Sequence[str]) -> dict[str, Any]:
    """Return rows as columns: numbers as float64 arrays (NULL is NaN), lists as lists."""
    lists = {"aper_flux", "aper_flux_err", "zeros"}
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return {n: v if n in lists else np.array(v, dtype=float) for n, v in columns.items()}


def table(
    read: Mapping[str, Any],
    frame: Mapping[str, Any],
    zeros: Mapping[int, Mapping[str, Any] | None],
    suffix: Mapping[int, str],
) -> Columns:
    """Return ezphot's table of one frame, columns in its order.

    Parameters
    ----------
    read : mapping
        Columns of the query ``export_ezphot``.
    frame : mapping
        A row of the query ``frames_measured``.
    zeros : mapping
        The frame's row of ``zeropoint`` for each aperture and the primary one (0), None: there is none.
    suffix : mapping
        As `photdb.output.ezphot_units.suffixes` returns it.
    """
    exptime = frame["exptime_s"] or np.nan
    circles = [i for i in suffix if i > 0]
    flux = {i: exptime * _measured(read, "flux_auto", "aper_flux", i) for i in suffix}
    error = {i: exptime * _measured(read, "flux_auto_err", "aper_flux_err", i) for i in suffix}
    out: Columns = {"NUMBER": np.arange(1, len(read["x"]) + 1)}
    for group in ([-1], circles):
        out |= {f"FLUX_{suffix[i]}": flux[i] for i in group} | {f"FLUXERR_{suffix[i]}": error[i] for i in group}
    for group in ([-1], circles):
        out |= {f"MAG_{suffix[i]}": flux_to_mag(flux[i]) for i in group}
        out |= {f"MAGERR_{suffix[i]}": mag_error(flux[i], error[i]) for i in group}
    out |= _places(read, frame) | _shapes(read, frame) | _levels(read, frame)
    for i in circles:
        width = diameter_px(frame, i)
        out[f"NPIX_{suffix[i]}"] = _all(read, float(aperture_pixels(width)))
        out[f"PIXSIZE_{suffix[i]}"] = _all(read, width)
    for i in suffix:
        out |= _calibrated(read, frame, zero_of(zeros, frame, i), i, suffix[i], out[f"MAG_{suffix[i]}"])
    system = next((z["mag_system"] for z in zeros.values() if z is not None), "instrumental")
    return out | {"MAGSYS": np.full(len(read["x"]), system)}


def _all(read: Mapping[str, Any], value: float | None) -> NDArray[np.float64]:
    """Return one value for every row."""
    return np.full(len(read["x"]), np.nan if value is None else value)


def _measured(read: Mapping[str, Any], auto: str, circles: str, aperture_id: int) -> NDArray[np.float64]:
    """Return the flux or error of an aperture, ADU/s."""
    if aperture_id == -1:
        return np.asarray(read[auto], dtype=float)
    k = aperture_id - 1
    return np.array([v[k] if v is not None and k < len(v) and v[k] is not None else np.nan for v in read[circles]])


def _places(read: Mapping[str, Any], frame: Mapping[str, Any]) -> Columns:
    """Sizes and positions, in the pixels of the file; ezphot counts X_IMAGE from 0 and XWIN_IMAGE from 1."""
    x, y = read["x"] + (frame["x0"] or 0), read["y"] + (frame["y0"] or 0)
    scale = frame["pixel_scale_arcsec"] or np.nan
    return {
        "FWHM_IMAGE": read["fwhm"], "FWHM_WORLD": read["fwhm"] * scale / 3600,
        "X_IMAGE": x, "Y_IMAGE": y, "XWIN_IMAGE": x + 1, "YWIN_IMAGE": y + 1,
        "X_WORLD": read["ra"], "Y_WORLD": read["dec"], "ALPHA_J2000": read["ra"], "DELTA_J2000": read["dec"],
        "FLAGS": _flags(read["flags"]), "CLASS_STAR": read["class_star"],
        "THRESHOLD": _all(read, (frame["threshold_sigma"] or np.nan) * (frame["sky_rms"] or np.nan)),
    }  # fmt: skip


def _flags(flags: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return source-extractor's bits: its first four are ours, and its 16 is our 64 (aperture incomplete)."""
    ours = flags.astype(np.int64)
    return np.asarray((ours & 15) | np.where(ours & 64, 16, 0), dtype=np.int64)


def _shapes(read: Mapping[str, Any], frame: Mapping[str, Any]) -> Columns:
    """Ellipses; angles in degrees: from +x of the pixels (IMAGE), from east (WORLD), from north (SKY, J2000)."""
    a, b = read["a"], read["b"]
    with np.errstate(divide="ignore", invalid="ignore"):
        long, flat = a / b, 1 - b / a
    north = position_angle(frame["wcs"], read["x"], read["y"], read["theta"])
    return {
        "A_IMAGE": a, "B_IMAGE": b, "ELONGATION": long, "ELLIPTICITY": flat, "KRON_RADIUS": read["kron_radius"],
        "FLUX_RADIUS": read["flux_radius"], "THETA_IMAGE": np.degrees(read["theta"]),
        "THETA_WORLD": _half_turn(90 - north), "THETA_SKY": north, "THETA_J2000": north,
    }  # fmt: skip


def _levels(read: Mapping[str, Any], frame: Mapping[str, Any]) -> Columns:
    """Background and noise, counts a pixel; the area of the Kron ellipse."""
    return {
        "BACKGROUND": read["sky"], "FLUX_MAX": read["peak"], "ISOAREA_IMAGE": _all(read, None),
        "SKYSIG": _all(read, frame["sky_rms"]), "SKYVAL": _all(read, frame["sky"]),
        "DETECT_THRESH": _all(read, frame["threshold_sigma"]),
        "NPIX_AUTO": np.pi * read["kron_radius"] ** 2 * read["a"] * read["b"],
    }  # fmt: skip


def _calibrated(
    read: Mapping[str, Any], frame: Mapping[str, Any], zero: Mapping[str, Any] | None, aperture_id: int, name: str,
    mag: NDArray[np.float64],
) -> Columns:  # fmt: skip
    """Return what ezphot's calibration adds for an aperture; ZP is that of the place, so that MAGSKY = MAG + ZP."""
    constants = zero_point(zero, frame, aperture_id)
    known = zero is not None and zero["mag_system"] in CALIBRATED and bool(constants)
    zp = per_exposure(_here(read, frame, aperture_id), frame["exptime_s"]) if known else _all(read, None)
    found: Columns = {f"MAGSKY_{name}": mag + zp, f"ZP_{name}": zp}
    return found | {f"{key}_{name}": _all(read, constants.get(key)) for key in ("ZPERR", "UL3", "UL5")}


def _here(read: Mapping[str, Any], frame: Mapping[str, Any], aperture_id: int) -> NDArray[np.float64]:
    """Return the zero point of an aperture at every source, mag of 1 ADU/s."""
    rows = ({z["aperture_id"]: z["zp"] for z in row or ()} for row in read["zeros"])
    found = (zero_of(row, frame, aperture_id) for row in rows)
    return np.array([np.nan if zp is None else zp for zp in found], dtype=float)


def position_angle(
    wcs: str | None, x: NDArray[np.float64], y: NDArray[np.float64], theta: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the angle (deg, -90 to 90) from north through east of directions in the pixels.

    Parameters
    ----------
    wcs : str or None
        Header cards; None gives NaN.
    x, y : ndarray
        px, 0-based.
    theta : ndarray
        rad, from +x towards +y.
    """
    if wcs is None:
        return np.full(len(x), np.nan)
    from astropy.io.fits import Header
    from astropy.wcs import WCS

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plane = WCS(Header.fromstring(wcs, sep="\n" if "\n" in wcs else ""))
    ra, dec = plane.all_pix2world(x, y, 0)
    to_ra, to_dec = plane.all_pix2world(x + np.cos(theta), y + np.sin(theta), 0)
    east = ((to_ra - ra + 180) % 360 - 180) * np.cos(np.radians(dec))
    return _half_turn(np.degrees(np.arctan2(east, to_dec - dec)))


def _half_turn(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return angles of an axis within -90 to 90 degrees."""
    return np.asarray((angle + 90) % 180 - 90, dtype=float)


def _write_table(columns: Columns, path: Path) -> None:
    """Write a text table: names, then a row a line, floats with every digit."""
    texts = [_texts(values) for values in columns.values()]
    with path.open("w", encoding="ascii") as out:
        out.write(" ".join(columns) + "\n")
        out.writelines(" ".join(row) + "\n" for row in zip(*texts, strict=True))


def _texts(values: NDArray[Any]) -> Iterator[str]:
    """Return values as text."""
    return map(str if values.dtype.kind in "iU" else repr, values.tolist())
