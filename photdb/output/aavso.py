"""AAVSO's Extended file format: what WebObs takes from an observer.

Magnitudes are STD: calibrated on the band's own system, or, of an unfiltered camera, tied to the V or R of a catalogue
(CV, CR). Relative and instrumental magnitudes are refused: they would look calibrated there. The zero point is that of
an ensemble of catalogue stars, so there is a check star: the most constant neighbour of the same brightness, unless
one is named. TRANS is YES only of magnitudes that were corrected for the star's colour (``--colour-corrected``).

A flux of no significance becomes ``<`` and a limit of 5 sigma: that of the frame where a detection is below 3 sigma,
its own where a forced point is fainter than it. Saturated points and those cut by the edge are left out.

References
----------
.. [1] AAVSO Extended File Format, version 1.2 (2011, updated 2021), https://www.aavso.org/aavso-extended-file-format
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from photdb import progress
from photdb.bands import aavso_code
from photdb.errors import CalibrationError, InputError, UsageError
from photdb.magnitudes import total_error
from photdb.store.answer import Answer
from photdb.times import MJD_0

NAME = "aavso"
SUFFIX = ".txt"
OF = "lightcurve"
QUESTION = "export_lightcurve"
COLOUR = True
OPTIONS = {
    "obscode": "your AAVSO observer code (required)",
    "name": "the star's AAVSO name, where it is not the target's or VSX's",
    "date": "JD (default) or HJD",
    "obstype": "CCD (default; CMOS too), DSLR or PEP",
    "check": "object_id of the check star (default: the most constant neighbour)",
    "kname": "AUID or label of the check star",
    "chart": "sequence of the comparison stars (default: the catalogue)",
    "notes": "a comment on every observation",
}

COLUMNS = (
    "NAME", "DATE", "MAG", "MERR", "FILT", "TRANS", "MTYPE", "CNAME", "CMAG", "KNAME", "KMAG", "AMASS", "GROUP",
    "CHART", "NOTES",
)  # fmt: skip
#: Most characters of a field.
WIDTHS = {"NAME": 30, "DATE": 16, "MAG": 8, "MERR": 6, "CNAME": 20, "KNAME": 20, "KMAG": 8, "AMASS": 7, "CHART": 20}
#: Saturated, truncated at the edge, aperture incomplete.
UNFIT = 4 | 8 | 64
#: Flags that make a point of a check star of no use: anything within its aperture.
_UNFIT_CHECK = 4 | 8 | 16 | 32 | 64 | 128
#: Below this ratio of signal to noise a point is an upper limit.
MIN_SNR = 3.0
#: Where check stars are looked for, arcsec.
NEIGHBOURS_ARCSEC = 900.0
_NEIGHBOURS = 300
_NA = "na"


def write(answer: Answer, path: Path, **options: str) -> int:
    """Write a file; return the number of observations.

    Raises
    ------
    UsageError
        If an option is missing or wrong, or a star has no name.
    CalibrationError
        If a magnitude is relative or instrumental.
    InputError
        If AAVSO has no code for a band.
    """
    with path.open("w", encoding="ascii", errors="replace") as out:
        return stream(answer, out, **options)


def stream(answer: Answer, out: TextIO, **options: str) -> int:
    """Write line by line; return the number of observations."""
    options = _checked(options)
    names = [c.name for c in answer.columns]
    points = [dict(zip(names, row, strict=True)) for row in answer.rows()]
    _refuse_uncalibrated(points)
    usable = [p for p in points if not p["flags"] & UNFIT and (p["mag"] is not None or p["limit_mag"] is not None)]
    frames = _frames(answer, usable)
    lines = [line for star in _by_object(usable) for line in _lines(answer, star, frames, options)]
    out.write(
        f"#TYPE=Extended\n#OBSCODE={options['obscode']}\n#SOFTWARE=photdb {version('photdb')}\n#DELIM=,\n"
        f"#DATE={options['date']}\n#OBSTYPE={options['obstype']}\n"
    )
    if len(usable) < len(points):
        out.write(
            f"# {len(points) - len(usable)} points are left out: saturated, cut by the edge, or without magnitude\n"
        )
    out.write(f"#{','.join(COLUMNS)}\n")
    out.writelines(line + "\n" for line in lines)
    return len(lines)


def _checked(options: Mapping[str, str]) -> dict[str, str]:
    """Return options with their defaults."""
    if not options.get("obscode"):
        raise UsageError("AAVSO wants to know whose observations these are", "--set obscode=XYZ, your observer code")
    found = {"date": "JD", "obstype": "CCD", **options}
    for word, known in (("date", ("JD", "HJD")), ("obstype", ("CCD", "DSLR", "PEP"))):
        found[word] = found[word].upper()
        if found[word] not in known:
            raise UsageError(f"--set {word}={options[word]}", f"one of {', '.join(known)}")
    if not found["obscode"].isalnum():
        raise UsageError(f"--set obscode={found['obscode']}: letters and digits make an observer code")
    return found


def _refuse_uncalibrated(points: Sequence[Mapping[str, Any]]) -> None:
    """Refuse magnitudes that are on no system: a relative one must never look calibrated."""
    for system in ("relative", "instrumental"):
        bad = [p for p in points if p["mag_system"] == system]
        if bad:
            bands = ", ".join(sorted({p["band"] or "no band" for p in bad}))
            raise CalibrationError(
                f"{len(bad)} of {len(points)} points ({bands}) are {system}: AAVSO takes calibrated magnitudes only",
                "calibrate them (photdb refcat fetch; photdb zeropoint), or choose a band that is (--band)",
            )


def _frames(answer: Answer, points: Sequence[Mapping[str, Any]]) -> dict[int, dict[str, Any]]:
    """Return how the frames were calibrated."""
    ids = sorted({int(p["frame_id"]) for p in points})
    return {row["frame_id"]: row for row in answer.database.query("aavso_frames", frames=ids).dicts()}


def _by_object(points: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the points of one star after those of another; a target where no object is is a star too."""
    found: dict[tuple[Any, Any], list[dict[str, Any]]] = {}
    for point in points:
        number = point["object_id"]
        found.setdefault((number, point["target_id"] if number is None else None), []).append(point)
    return list(found.values())


def _star(answer: Answer, point: Mapping[str, Any]) -> dict[str, Any]:
    """Return the star of a point: its object, or the target where no object is."""
    if point["object_id"] is not None:
        (star,) = answer.database.query("aavso_star", object_id=point["object_id"]).dicts()
        return dict(star)
    (target,) = answer.database.query("targets_alone", targets=[point["target_id"]], band=None).dicts()
    return {**target, "object_id": None, "target_name": target["name"], "vsx_name": None}


def _lines(
    answer: Answer,
    points: Sequence[dict[str, Any]],
    frames: Mapping[int, Mapping[str, Any]],
    options: Mapping[str, str],
) -> Iterator[str]:
    """Yield the lines of one star."""
    star = _star(answer, points[0])
    if star.get("is_moving"):
        progress.warn(f"{star['name']} moves: its {len(points)} points are left out, AAVSO takes those of stars")
        return
    name = _word(options.get("name") or star["target_name"] or star["vsx_name"] or "", "NAME")
    if name == _NA:
        raise UsageError(
            f"{star['name']} has no name that AAVSO knows",
            'give it one: --set name="AG Peg", or photdb target add "AG Peg" RA DEC',
        )
    dates = _dates(points, star, options["date"])
    checks = {
        band: _check(answer, star, band, [p["frame_id"] for p in points if p["band"] == band], options)
        for band in sorted({p["band"] for p in points})
    }
    for point, date in zip(points, dates, strict=True):
        yield _line(point, frames[point["frame_id"]], name, date, checks[point["band"]], options)


def _line(
    point: Mapping[str, Any],
    frame: Mapping[str, Any],
    name: str,
    date: float,
    check: tuple[str, Mapping[int, float]],
    options: Mapping[str, str],
) -> str:
    """Return one observation."""
    tie = frame["ref_band"] or frame["calibrate_as"]
    code = aavso_code(point["band"], tie)
    if code is None:
        tied = f" tied to {tie}" if point["mag_system"] == "tied" else ""
        raise InputError(
            f"AAVSO has no code for band {point['band']}{tied}",
            "choose another band (--band); an unfiltered one can be calibrated as V or R (zeropoint --calibrate-as V)",
        )
    faint = point["flux_err"] is not None and point["flux"] < MIN_SNR * point["flux_err"]
    if point["kind"] == "forced" and point["mag"] is not None and point["limit_mag"] is not None:
        faint = point["mag"] > point["limit_mag"]
    limit = point["mag"] is None or (faint and point["limit_mag"] is not None)
    error = None if limit else _finite(float(total_error(point["mag_err"], point["zp_err"] or 0.0)))
    catalog = frame["catalog"]
    notes = [
        options.get("notes", ""),
        f"photdb {version('photdb')}",
        f"zero point: {frame['n_star']} stars of {catalog}" if catalog else "",
    ]
    if point["band"] == "CBB":
        notes.append("CBB filter")
    fields = {
        "NAME": name,
        "DATE": f"{date:.5f}",
        "MAG": f"<{point['limit_mag']:.2f}" if limit else f"{point['mag']:.3f}",
        "MERR": _NA if error is None else f"{min(error, 9.999):.3f}",
        "FILT": code,
        "TRANS": "YES" if point.get("colour_source") in ("own", "catalogue") else "NO",
        "MTYPE": "STD",
        "CNAME": "ENSEMBLE",
        "CMAG": _NA,
        "KNAME": check[0],
        "KMAG": f"{check[1][point['frame_id']]:.3f}" if point["frame_id"] in check[1] else _NA,
        "AMASS": _NA if point["airmass"] is None else f"{point['airmass']:.3f}",
        "GROUP": _NA,
        "CHART": _word(options.get("chart") or catalog or "", "CHART"),
        "NOTES": _word("; ".join(n.replace(";", ".") for n in notes if n), "NOTES"),
    }
    return ",".join(fields[c] for c in COLUMNS)


def _dates(points: Sequence[Mapping[str, Any]], star: Mapping[str, Any], kind: str) -> list[float]:
    """Return JD (UTC) of mid-exposure, or HJD."""
    days = [p["mjd_mid"] + MJD_0 for p in points]
    if kind == "JD":
        return days
    from photdb.sky import unit_vector
    from photdb.times import heliocentric

    vectors = heliocentric([p["mjd_mid"] for p in points])
    late = vectors @ unit_vector(star["ra"], star["dec"])
    return [day + float(d) for day, d in zip(days, late, strict=True)]


def _check(
    answer: Answer, star: Mapping[str, Any], band: str, frames: Sequence[int], options: Mapping[str, str]
) -> tuple[str, Mapping[int, float]]:
    """Return the name of a check star and its magnitude in each frame."""
    db = answer.database
    if options.get("check"):
        if not options["check"].isdigit():
            raise UsageError(
                f"--set check={options['check']}: not the number of an object", "photdb cone RA DEC 600 lists them"
            )
        found = db.query("aavso_star", object_id=int(options["check"])).dicts()
        if not found:
            raise InputError(f"no object {options['check']} to be the check star", "photdb cone RA DEC 600 lists them")
    else:
        near = db.query("cone_ids", ra=star["ra"], dec=star["dec"], radius=NEIGHBOURS_ARCSEC).rows[:_NEIGHBOURS]
        own = [] if star["object_id"] is None else [star["object_id"]]
        found = db.query(
            "aavso_check", object_id=star["object_id"], frames=list(frames), objects=own + [row[0] for row in near],
            band=band, bad=_UNFIT_CHECK,
        ).dicts()  # fmt: skip
    if not found:
        return _NA, {}
    points = db.query("export_lightcurve", objects=[found[0]["object_id"]], targets=None, band=band).dicts()
    return _word(options.get("kname") or found[0]["name"], "KNAME"), {
        p["frame_id"]: p["mag"] for p in points if p["mag"] is not None and p["kind"] == "detected"
    }


def _finite(value: float) -> float | None:
    """Return a number, None where it is none."""
    return value if math.isfinite(value) else None


def _word(text: str, column: str) -> str:
    """Return a text as a field: without commas and lines, no longer than allowed, ``na`` where there is none."""
    plain = " ".join(text.replace(",", ";").split()).encode("ascii", "replace").decode()
    return plain[: WIDTHS.get(column, 1000)].strip() or _NA
