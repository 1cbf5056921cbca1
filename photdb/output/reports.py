"""What reports of positions to the Minor Planet Center share: rows with what they lack, codes, precision, options.

Only measured places are reported: of detections, and of apertures that were moved onto the target. Rejected points are
left out, and so are magnitudes on no system (relative, instrumental) or in a band that the MPC has no name for; the
place stays. Codes of bands and catalogues are in ``ingest/mpc.toml``.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from photdb import progress
from photdb.errors import NotFoundError, UsageError
from photdb.output.designation import Designation, designation_of
from photdb.resources import shipped
from photdb.store.answer import Answer

#: Options that both formats take.
OPTIONS = {
    "obscode": "code of the observatory at the Minor Planet Center (default: mpc_code of the telescope file)",
    "observers": "who observed: J. Doe; A. N. Other (required)",
    "measurers": "who measured (default: the observers)",
    "submitter": "who submits (default: the first observer)",
    "design": "of the telescope (default: reflector)",
    "aperture": "its diameter, m (default: the telescope file's)",
    "detector": "CCD (default) or CMOS",
    "astcat": "catalogue of the astrometry, as MPC writes it: Gaia2, Gaia3E, UCAC4 ... (default: UNK)",
    "designation": "of the object, where it is not the target's name: 5945, 2018 AA1, or an own name",
    "comment": "a line of comment",
    "reject": "points that are not reported: pos (default), none, flags, sigma, mag, star",
}
#: Where a place is no measurement of it: truncated, suspected blend, merged with a star.
UNFIT = 8 | 128 | 1024
#: A centroid scatters by so many FWHM over the S/N of the primary aperture (docs/concepts/measurement.md).
CENTROID = 0.6


@cache
def codes() -> dict[str, Any]:
    """Return ``ingest/mpc.toml``."""
    return tomllib.loads((shipped("ingest") / "mpc.toml").read_text(encoding="utf-8"))


def checked(options: Mapping[str, str]) -> dict[str, str]:
    """Return options with their defaults.

    Raises
    ------
    UsageError
        If one is missing or wrong.
    """
    if not options.get("observers"):
        raise UsageError("the Minor Planet Center wants to know who observed", '--set observers="J. Doe; A. N. Other"')
    found = {"detector": "CCD", "design": "reflector", "astcat": "UNK", **options}
    found.setdefault("measurers", found["observers"])
    found.setdefault("submitter", names(found["observers"])[0])
    known = codes()["astrometry"]["names"]
    if found["astcat"] not in known:
        raise UsageError(f"--set astcat={found['astcat']}: MPC has no such catalogue", f"one of {', '.join(known)}")
    if found["detector"] not in ("CCD", "CMOS"):
        raise UsageError(f"--set detector={found['detector']}", "CCD or CMOS")
    code = found.get("obscode")
    if code is not None and not (len(code) in (3, 4) and code.isalnum() and code.isascii()):
        raise UsageError(
            f"--set obscode={code}: not a code", "three letters and digits, as 688; a site without one writes XXX"
        )
    return found


def names(text: str) -> list[str]:
    """Return the names in a list with semicolons."""
    return [name.strip() for name in text.split(";") if name.strip()]


def blocks(answer: Answer, options: Mapping[str, str]) -> list[list[dict[str, Any]]]:
    """Return the rows to report, those of one observatory and telescope together.

    Each row has besides ``code`` (of the observatory), ``who`` (`Designation`), ``rms_arcsec`` (one axis),
    ``ades_band`` (None: no magnitude is reported), ``ades_catalog`` and ``ades_filter`` (None: no name there).

    Raises
    ------
    UsageError
        If the code of an observatory is not known, or several objects are to have one designation.
    NotFoundError
        If nothing is left.
    """
    columns = [c.name for c in answer.columns]
    rows = [dict(zip(columns, row, strict=True)) for row in answer.rows()]
    if not rows:
        raise NotFoundError(
            "nothing to report: no moving target was measured",
            "give one its path: photdb target add NAME --horizons 5945 (or --ephemeris FILE); then photdb crossmatch",
        )
    kept = [row for row in rows if not row["rejected"] and not row["flags"] & UNFIT]
    if len({row["object_id"] for row in kept}) > 1 and options.get("designation"):
        raise UsageError("--set designation is of one object, and there are more", "choose one with --target NAME")
    if not kept:
        raise NotFoundError(
            f"nothing to report: of {len(rows)} measured places none is left",
            "places that were only predicted are never reported; `photdb lightcurve NAME` says what is rejected",
        )
    for row in kept:
        row |= _completed(row, options)
    _say(rows, kept, options)
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in kept:
        found.setdefault((row["code"], row["telescope"] or ""), []).append(row)
    return list(found.values())


def _completed(row: Mapping[str, Any], options: Mapping[str, str]) -> dict[str, Any]:
    """Return what a row lacks."""
    code = options.get("obscode") or row["mpc_code"]
    if code is None:
        raise UsageError(
            f"telescope {row['telescope']} has no code of the Minor Planet Center",
            '--set obscode=688, or mpc_code = "688" under [site] of its file; a site without a code writes XXX, '
            "and the report says where it is",
        )
    band = ades_band(row)
    return {
        "code": code,
        "who": _designation(row, options),
        "rms_arcsec": error_of_place(row),
        "ades_band": None if row["mag"] is None else band,
        "ades_catalog": codes()["catalogs"].get(row["catalog"]),
        "ades_filter": codes()["bands"].get(row["band"]) or codes()["filters"].get(row["band"]),
    }


def _designation(row: Mapping[str, Any], options: Mapping[str, str]) -> Designation:
    """Return what the object of a row is called."""
    if options.get("designation"):
        return designation_of(options["designation"])
    known = [designation_of(name) for name in (row["target_name"], row["designation"]) if name]
    if not known:
        raise UsageError(
            f"{row['object_name']} is not a moving target",
            'give it a path: photdb target add "2018 AA1" --ephemeris FILE; or a name: --set designation=NAME',
        )
    # the target may have a name of one's own, and Horizons was asked for its designation
    return next((d for d in known if d.temporary is None), known[0])


def ades_band(row: Mapping[str, Any]) -> str | None:
    """Return MPC's name of the band that a magnitude is in; None: it is on no system, or MPC has no name for the band.

    Examples
    --------
    >>> ades_band({"mag_system": "AB", "band": "r", "ref_band": "r"})
    'Sr'
    >>> ades_band({"mag_system": "tied", "band": "clear", "ref_band": "G"})
    'G'
    >>> ades_band({"mag_system": "relative", "band": "r", "ref_band": "r"}) is None
    True
    """
    if row["mag_system"] not in ("AB", "Vega", "tied"):
        return None
    found = codes()["bands"].get(row["ref_band"] if row["mag_system"] == "tied" else row["band"])
    return None if found is None else str(found)


def error_of_place(row: Mapping[str, Any]) -> float | None:
    """Return the random error of a place on one axis, arcsec: of the centroid and of the fit to the reference stars."""
    if not row["fwhm_arcsec"] or not row["snr"] or row["snr"] <= 0:
        return None
    fit = 0.0
    if row["wcs_rms_arcsec"] and row["wcs_n_star"]:
        fit = row["wcs_rms_arcsec"] / math.sqrt(row["wcs_n_star"])
    return math.hypot(CENTROID * row["fwhm_arcsec"] / row["snr"], fit)


def decimals(sigma: float | None, *, least: int, most: int) -> int:
    """Return how many decimals a value with this error has: ADES's rule, ceil(1 - log10(sigma)).

    Examples
    --------
    >>> decimals(0.05, least=0, most=9), decimals(0.3, least=0, most=9), decimals(None, least=1, most=3)
    (3, 2, 1)
    """
    if not sigma or not 0 < sigma < math.inf:
        return least
    return min(max(math.ceil(1 - math.log10(sigma)), least), most)


def _say(rows: Sequence[Mapping[str, Any]], kept: Sequence[Mapping[str, Any]], options: Mapping[str, str]) -> None:
    """Say what is left out, and what MPC will not like."""
    if len(kept) < len(rows):
        progress.warn(f"{len(rows) - len(kept)} of {len(rows)} places are not reported: rejected, cut or blended")
    without = [row for row in kept if row["ades_band"] is None]
    if without:
        why = ", ".join(sorted({_why(row) for row in without}))
        progress.warn(f"{len(without)} of {len(kept)} places are reported without a magnitude: {why}")
    if options["astcat"] == "UNK":
        progress.warn("the catalogue of the astrometry is not said (UNK), which MPC may refuse: --set astcat=Gaia2")
    kinds = {row["wcs_kind"] for row in kept}
    if kinds & {"header", "rough"}:
        progress.warn(
            "positions are from the headers' own WCS, which was not compared with a catalogue: errors are those of "
            "the centroids alone"
        )


def _why(row: Mapping[str, Any]) -> str:
    """Return why a place has no magnitude."""
    if row["mag_system"] in ("relative", "instrumental"):
        return f"{row['band']} is {row['mag_system']}"
    if row["mag"] is None:
        return "flux not positive"
    return f"MPC has no name for band {row['ref_band'] if row['mag_system'] == 'tied' else row['band']}"


def sexagesimal(value: float, places: int, *, signed: bool) -> tuple[str, int, int, str]:
    """Return sign, whole units, minutes and seconds (text) of an angle, rounded once, so that no 60 appears.

    Examples
    --------
    >>> sexagesimal(-0.00001, 1, signed=True), sexagesimal(11.99999999, 2, signed=False)
    (('-', 0, 0, '00.0'), ('', 12, 0, '00.00'))
    """
    scale = 10**places
    total = round(abs(value) * 3600 * scale)
    units, rest = divmod(total, 3600 * scale)
    minutes, seconds = divmod(rest, 60 * scale)
    sign = ("-" if value < 0 else "+") if signed else ""
    width = 3 + places if places else 2
    return sign, units, minutes, f"{seconds / scale:0{width}.{places}f}"


def each(rows: Sequence[Mapping[str, Any]], name: str) -> Iterator[Any]:
    """Yield the different values of a column, in their order."""
    yield from dict.fromkeys(row[name] for row in rows if row[name] is not None)
