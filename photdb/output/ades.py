"""ADES as pipe-separated values: the format in which the Minor Planet Center prefers observations, with their errors.

Every element is one of submit.xsd of version 2022; empty columns are left out. Digits follow the errors (ADES's own
rule). ``rmsRA`` and ``rmsDec`` are the random error of the place, ``rmsMag`` that of the measurement and of the frame's
zero point; ``band`` is the band of the catalogue (``photCat``) that the magnitude is tied to.

References
----------
.. [1] Chesley et al., ADES: The IAU Astrometry Data Exchange Standard, version 2022, https://github.com/IAU-ADES/ADES-Master
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from photdb.errors import UsageError
from photdb.output import reports
from photdb.store.answer import Answer

NAME = "ades"
SUFFIX = ".psv"
OF = "lightcurve"
QUESTION = "export_astrometry"
OPTIONS = {
    **reports.OPTIONS,
    "institution": "of the submitter",
    "f_ratio": "of the telescope",
    "funding": "who paid for it",
}

#: Elements of an observation in the order of submit.xsd.
COLUMNS = (
    "permID", "provID", "trkSub", "mode", "stn", "obsTime", "ra", "dec", "rmsRA", "rmsDec", "astCat", "mag", "rmsMag",
    "band", "fltr", "photCat", "photAp", "logSNR", "seeing", "exp", "rmsFit", "nStars", "remarks",
)  # fmt: skip
_MJD_0 = datetime(1858, 11, 17, tzinfo=UTC)
_FORCED = "aperture at the predicted place, moved onto the object"


def write(answer: Answer, path: Path, **options: str) -> int:
    """Write a file; return the number of observations.

    Raises
    ------
    UsageError
        If an option is missing or wrong, an observatory has no code, or an object no designation.
    NotFoundError
        If there is nothing to report.
    """
    with path.open("w", encoding="utf-8") as out:
        return stream(answer, out, **options)


def stream(answer: Answer, out: TextIO, **options: str) -> int:
    """Write line by line; return the number of observations."""
    said = reports.checked(options)
    blocks = reports.blocks(answer, said)
    lines = ["# version=2022"]
    for rows in blocks:
        lines += _context(rows, said)
        lines += _table([observation(row, said) for row in rows])
    out.writelines(line + "\n" for line in lines)
    return sum(map(len, blocks))


def _context(rows: Sequence[Mapping[str, Any]], options: Mapping[str, str]) -> list[str]:
    """Return the lines before the observations of one telescope."""
    first = rows[0]
    software = f"photdb {version('photdb')}"
    groups: list[tuple[str, list[tuple[str, Any]]]] = [
        ("observatory", [("mpcCode", first["code"]), ("name", first["site"])]),
        ("submitter", [("name", options["submitter"]), ("institution", options.get("institution"))]),
        ("observers", [("name", name) for name in reports.names(options["observers"])]),
        ("measurers", [("name", name) for name in reports.names(options["measurers"])]),
        ("telescope", [
            ("design", options["design"]),
            ("aperture", _aperture(first, options)),
            ("detector", options["detector"]),
            ("fRatio", options.get("f_ratio")),
            ("pixelScale", f"{first['pixel_scale_arcsec']:.3g}" if first["pixel_scale_arcsec"] else None),
        ]),
        ("software", [("astrometry", software), ("photometry", software), ("objectDetection", software)]),
    ]  # fmt: skip
    lines = []
    for group, elements in groups:
        lines.append(f"# {group}")
        lines += [f"! {name} {_text(value, 100)}" for name, value in elements if value]
    if options.get("funding"):
        lines.append(f"# fundingSource {_text(options['funding'], 100)}")
    comments = [_site(first)] if first["code"] == "XXX" else []
    comments += [options["comment"]] if options.get("comment") else []
    if comments:
        lines += ["# comment", *(f"! line {_text(line, 100)}" for line in comments)]
    return lines


def _aperture(row: Mapping[str, Any], options: Mapping[str, str]) -> str:
    """Return the diameter of the telescope, m, which ADES wants."""
    said = options.get("aperture") or row["diameter_m"]
    try:
        value = float(said) if said else 0.0
    except ValueError:
        value = 0.0
    if not 0 < value < 100:
        raise UsageError(
            f"ADES wants the diameter of the telescope{f', not {said!r}' if said else ''}",
            "--set aperture=0.30 (m), or [optics] diameter of the telescope file",
        )
    return f"{value:.2f}"


def _site(row: Mapping[str, Any]) -> str:
    """Return where a site without a code is."""
    if row["site_longitude"] is None or row["site_latitude"] is None:
        raise UsageError(
            f"telescope {row['telescope']}: obscode XXX, and its place is not known",
            "the MPC wants longitude, latitude and height of a new site: give them under [site] of the telescope file",
        )
    east = row["site_longitude"] % 360
    return f"Long. {east:.5f} deg E, Lat. {row['site_latitude']:+.5f} deg, Alt. {row['site_height'] or 0:.0f} m"


def observation(row: Mapping[str, Any], options: Mapping[str, str]) -> dict[str, str]:
    """Return the elements of one observation, empty where there is none."""
    rms, who = row["rms_arcsec"], row["who"]
    known = row["ades_band"] is not None
    error = row["mag_err"] if known and row["mag_err"] and math.isfinite(row["mag_err"]) else None
    places = reports.decimals(rms and rms / 3600, least=5, most=9)
    across = rms and rms / 3600 / max(math.cos(math.radians(row["dec"])), 1e-6)
    ra = round(row["ra"] % 360, reports.decimals(across, least=5, most=9)) % 360
    return {
        "permID": who.perm or "",
        "provID": who.prov or "",
        "trkSub": who.own_name(),
        "mode": "CMO" if options["detector"] == "CMOS" else "CCD",
        "stn": row["code"],
        "obsTime": time(row["mjd_mid"]),
        "ra": f"{ra:.{reports.decimals(across, least=5, most=9)}f}",
        "dec": f"{row['dec']:+.{places}f}",
        "rmsRA": _positive(rms, 3),
        "rmsDec": _positive(rms, 3),
        "astCat": options["astcat"],
        "mag": f"{row['mag']:.{reports.decimals(error, least=1, most=3)}f}" if known else "",
        "rmsMag": _positive(error, 3),
        "band": row["ades_band"] or "",
        "fltr": row["ades_filter"] or "" if known and row["ades_filter"] != row["ades_band"] else "",
        "photCat": row["ades_catalog"] or "" if known else "",
        "photAp": _positive(row["radius_arcsec"], 1) if known else "",
        "logSNR": f"{math.log10(row['snr']):.2f}" if row["snr"] and row["snr"] > 0 else "",
        "seeing": _positive(row["fwhm_arcsec"], 1),
        "exp": f"{row['exptime_s']:.6g}"[:6].rstrip(".") if row["exptime_s"] else "",
        "rmsFit": _positive(row["wcs_rms_arcsec"], 2),
        "nStars": str(row["wcs_n_star"]) if row["wcs_n_star"] else "",
        "remarks": _FORCED if row["kind"] == "forced" else "",
    }


def time(mjd: float) -> str:
    """Return a date as ADES has it, to a hundredth of a second, rounded once.

    Examples
    --------
    >>> time(58568.104179745), time(58573.99999999)
    ('2019-03-26T02:30:01.13Z', '2019-04-01T00:00:00.00Z')
    """
    ticks = round(mjd * 8_640_000)
    when = _MJD_0 + timedelta(milliseconds=10 * ticks)
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 10_000:02d}Z"


def _positive(value: float | None, places: int) -> str:
    """Return a positive number, never rounded to 0; nothing where it is not known."""
    if not value or not 0 < value < math.inf:
        return ""
    return f"{max(value, 10.0**-places):.{places}f}"


def _table(observations: Sequence[Mapping[str, str]]) -> list[str]:
    """Return observations with bars between their columns, those without any value left out, one below the other."""
    used = [name for name in COLUMNS if any(o[name] for o in observations)]
    width = {name: max(len(name), *(len(o[name]) for o in observations)) for name in used}
    rows = [dict(zip(used, used, strict=True)), *observations]
    return ["|".join(f"{row[name]:<{width[name]}}" for name in used).rstrip() for row in rows]


def _text(value: Any, longest: int) -> str:
    """Return a text as an element: one line, without bars."""
    return " ".join(str(value).replace("|", "/").split())[:longest]
