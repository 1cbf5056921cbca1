"""The Minor Planet Center's 80-column records, with the header lines that a batch needs.

Note 2 is ``C`` (``B`` of CMOS), the date is mid-exposure (UTC), with five decimals of a day, or six with
``--set decimals=6``; then places have a digit more too. Columns 57-65 and 72-77 are blank, as the MPC wants them. The
ADES format carries errors as well and is what the MPC prefers.

References
----------
.. [1] Minor Planet Center, Format for Optical Astrometric Observations,
   https://www.minorplanetcenter.net/iau/info/OpticalObs.html
.. [2] Minor Planet Center, Specifying Observational Details, https://minorplanetcenter.net/iau/info/ObsDetails.html
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from photdb.errors import UsageError
from photdb.output import reports
from photdb.store.answer import Answer

NAME = "mpc"
SUFFIX = ".obs"
OF = "lightcurve"
QUESTION = "export_astrometry"
OPTIONS = {
    **reports.OPTIONS,
    "contact": "line CON: name, institution, [e-mail]",
    "ack": "line ACK: the subject of MPC's answer",
    "ac2": "line AC2: your e-mail address for it",
    "telescope": "line TEL (default: from design, aperture and detector)",
    "decimals": "of the day: 5 (default) or 6",
}

#: ADES bands whose first letter is the one of an 80-column record; of others with two letters it is the second.
_FIRST = {"Vj", "VR", "Rc", "Ic", "Bj", "Uj", "Gb", "Gr"}
_MJD_0 = datetime(1858, 11, 17, tzinfo=UTC)
_NET = {
    "Gaia3": "Gaia-DR3", "Gaia3E": "Gaia-EDR3", "Gaia2": "Gaia-DR2", "Gaia1": "Gaia-DR1", "UCAC4": "UCAC-4",
    "UCAC5": "UCAC-5", "URAT1": "URAT-1", "USNOB1": "USNO-B1.0", "Tyc2": "Tycho-2", "ATLAS2": "ATLAS-REFCAT2",
}  # fmt: skip


def write(answer: Answer, path: Path, **options: str) -> int:
    """Write a file; return the number of records.

    Raises
    ------
    UsageError
        If an option is missing or wrong, an observatory has no code, or an object no designation.
    NotFoundError
        If there is nothing to report.
    """
    with path.open("w", encoding="ascii", errors="replace") as out:
        return stream(answer, out, **options)


def stream(answer: Answer, out: TextIO, **options: str) -> int:
    """Write line by line; return the number of records."""
    said = reports.checked(options)
    places = said.get("decimals", "5")
    if places not in ("5", "6"):
        raise UsageError(f"--set decimals={places}", "5 or 6")
    n = 0
    for rows in reports.blocks(answer, said):
        out.writelines(line + "\n" for line in _header(rows, said))
        out.writelines(record(row, int(places), said["detector"]) + "\n" for row in rows)
        n += len(rows)
    return n


def _header(rows: Sequence[Mapping[str, Any]], options: Mapping[str, str]) -> list[str]:
    """Return the lines before the records of one telescope."""
    first = rows[0]
    lines = [f"COD {first['code']}"]
    lines += [f"CON {options['contact']}"] if options.get("contact") else []
    lines += [f"OBS {', '.join(reports.names(options['observers']))}"]
    lines += [f"MEA {', '.join(reports.names(options['measurers']))}"]
    lines += [f"TEL {options.get('telescope') or _telescope(first, options)}"]
    lines += [f"NET {_NET.get(options['astcat'], options['astcat'])}"] if options["astcat"] != "UNK" else []
    if first["code"] == "XXX":
        lines.append(f"COM {_where(first)}")
    lines += [f"COM {options['comment']}"] if options.get("comment") else []
    lines += [f"NUM {len(rows)}"]
    lines += [f"ACK {options.get('ack') or f'photdb {len(rows)} observations'}"]
    lines += [f"AC2 {options['ac2']}"] if options.get("ac2") else []
    return [_plain(line) for line in lines]


def _telescope(row: Mapping[str, Any], options: Mapping[str, str]) -> str:
    """Return the telescope in words."""
    diameter = options.get("aperture") or (f"{row['diameter_m']:.2f}" if row["diameter_m"] else "")
    return f"{f'{diameter}-m ' if diameter else ''}{options['design']} + {options['detector']}"


def _where(row: Mapping[str, Any]) -> str:
    """Return where a site without a code is, as the MPC wants it.

    Raises
    ------
    UsageError
        If the frames do not say.
    """
    if row["site_longitude"] is None or row["site_latitude"] is None:
        raise UsageError(
            f"telescope {row['telescope']}: obscode XXX, and its place is not known",
            "the MPC wants longitude, latitude and height of a new site: give them under [site] of the telescope file",
        )
    _, d, m, s = reports.sexagesimal(row["site_longitude"] % 360, 0, signed=False)
    sign, e, n, t = reports.sexagesimal(row["site_latitude"], 0, signed=True)
    side = "S" if sign == "-" else "N"
    return f"Long. {d} {m:02d} {s} E, Lat. {e} {n:02d} {t} {side}, Alt. {row['site_height'] or 0:.0f}m"


def record(row: Mapping[str, Any], places: int = 5, detector: str = "CCD") -> str:
    """Return one record of 80 characters.

    Parameters
    ----------
    row : mapping
        ``who``, ``mjd_mid``, ``ra``, ``dec`` (deg), ``mag``, ``mag_err``, ``ades_band`` (None: no magnitude), ``code``.
    places : int, default=5
        Decimals of the day.
    detector : str, default="CCD"
        Or CMOS.
    """
    finer = places - 5
    _, h, m, s = reports.sexagesimal(row["ra"] / 15, 2 + finer, signed=False)
    sign, d, n, t = reports.sexagesimal(row["dec"], 1 + finer, signed=True)
    ra, dec = f"{h % 24:02d} {m:02d} {s}", f"{sign}{d:02d} {n:02d} {t}"
    note = "B" if detector == "CMOS" else "C"
    magnitude = f"{'':5} " if row["ades_band"] is None else f"{_magnitude(row):<5}{letter(row['ades_band'])}"
    when = date(row["mjd_mid"], places)
    return f"{row['who'].packed}  {note}{when:<17}{ra:<12}{dec:<12}{'':9}{magnitude}{'':6}{row['code']:>3}"


def date(mjd: float, places: int = 5) -> str:
    """Return a date as the records have it, rounded once.

    Examples
    --------
    >>> date(58568.104179745), date(58573.999999), date(58568.104179745, 6)
    ('2019 03 26.10418', '2019 04 01.00000', '2019 03 26.104180')
    """
    ticks = round(mjd * 10**places)
    day, part = divmod(ticks, 10**places)
    when = _MJD_0 + timedelta(days=day)
    return f"{when.year} {when.month:02d} {when.day:02d}.{part:0{places}d}"


def letter(band: str) -> str:
    """Return the letter of a band of ADES, by the rule of the MPC's own conversion.

    Examples
    --------
    >>> letter("Sg"), letter("Vj"), letter("G"), letter("Gr"), letter("Pw"), letter("Ao")
    ('g', 'V', 'G', 'G', 'w', 'o')
    """
    return band if len(band) == 1 else band[0] if band in _FIRST else band[1]


def _magnitude(row: Mapping[str, Any]) -> str:
    """Return a magnitude with one decimal, or two where it is known better than a tenth."""
    error = row["mag_err"]
    good = error is not None and math.isfinite(error) and error < 0.1
    return f"{row['mag']:5.2f}" if good else f"{row['mag']:4.1f}"


def _plain(text: str) -> str:
    """Return a line without tabs and line breaks, in ASCII."""
    return " ".join(text.split()).encode("ascii", "replace").decode()
