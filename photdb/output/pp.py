"""PP's ``photometry_<target>.dat``: the light curve of one star or moving target with PP's header, columns and widths.

Magnitudes are of counts in the whole exposure: ``mag = inst_mag + ZP``; ``sig`` is the hypot of ``in_sig`` and
``ZP_sig``, which holds the random error of the frame's zero point and that of the tie to the catalogue. What has no
magnitude (a flux that is not positive, a frame without zero point) is a line that begins with ``#``, as rejected ones
are. A moving target's predicted place is that of its path; PP rejects what is farther than 10 arcsec from it. Where a
frame has no detection and a flux was forced, the method is ``FORCED`` and the place is where it was measured; a target
that was never detected has such lines alone, which are photometry and no astrometry.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from photdb.errors import UsageError
from photdb.magnitudes import total_error
from photdb.store.answer import Answer

NAME = "pp"
SUFFIX = ".dat"
OF = "lightcurve"
QUESTION = "export_pp"
OPTIONS = {"reject": "of a moving target, points to comment out: pos (default), none, flags, sigma, mag, star"}
#: What PP makes of a target's name in the name of its file.
IN_FILE_NAMES = str.maketrans(" /()", "____")

_HEADER = (
    "#                           filename     julian_date      mag    sig     source_ra    source_dec   [1]   [2]   "
    '[3]   [4]    [5]       ZP ZP_sig inst_mag in_sig               [6] [7] [8]    [9]          [10] FWHM"\n'
)
_NOTES = (
    "#\n"
    "# [1]: predicted_RA - source_RA [arcsec]\n"
    "# [2]: predicted_Dec - source_Dec [arcsec]\n"
    "# [3,4]: manual target offsets in RA and DEC [arcsec]\n"
    "# [5]: exposure time (s)\n"
    "# [6]: photometric catalog\n"
    "# [7]: photometric band\n"
    "# [8]: Source Extractor flag\n"
    "# [9]: telescope/instrument\n"
    "# [10]: photometry method\n"
)


def file_name(target: str) -> str:
    """Return what PP calls the file of a target.

    Examples
    --------
    >>> file_name("(5945) Roachapproach"), file_name("C/2019 Y4")
    ('photometry__5945__Roachapproach.dat', 'photometry_C_2019_Y4.dat')
    """
    return f"photometry_{target.translate(IN_FILE_NAMES)}{SUFFIX}"


def write(answer: Answer, path: Path, **options: str) -> int:
    """Write a file; return the number of rows.

    Raises
    ------
    UsageError
        If there are points of more than one object.
    """
    with path.open("w", encoding="utf-8") as out:
        return stream(answer, out, **options)


def stream(answer: Answer, out: TextIO, **_options: str) -> int:
    """Write line by line; return the number of rows. What is rejected is said by the rows themselves."""
    names = [c.name for c in answer.columns]
    n, whose = 0, None
    out.write(_HEADER)
    for row in answer.rows():
        point = dict(zip(names, row, strict=True))
        if whose not in (None, (point["object_id"], point["target_id"])):
            raise UsageError(
                "a photometry_<target>.dat of PP is the light curve of one object, and there are more",
                "choose one with --object ID or --target NAME",
            )
        whose = (point["object_id"], point["target_id"])
        out.write(_line(point))
        n += 1
    out.write(_NOTES)
    return n


def _line(point: Mapping[str, Any]) -> str:
    """Return the line of a point."""
    value = {k: float("nan") if v is None and k not in _WORDS else v for k, v in point.items()}
    ra, dec = value["source_ra"], value["source_dec"]
    # PP's [1] is a plain difference of right ascensions, without the cosine of the declination
    d_ra, d_dec = ((value["object_ra"] - ra + 180) % 360 - 180) * 3600, (value["object_dec"] - dec) * 3600
    sig = float(total_error(value["in_sig"], value["zp_sig"]))
    flags = (point["flags"] & 15) | (16 if point["flags"] & 64 else 0)
    mark = "#" if point["mag"] is None or point["rejected"] else " "
    return (
        f"{mark}{_word(point['filename']):>35.35} {value['julian_date']:15.7f} {value['mag']:8.4f} {sig:6.4f} "
        f"{ra:13.8f} {dec:+13.8f} {d_ra:5.2f} {d_dec:5.2f} {value['offset_ra']:5.2f} {value['offset_dec']:5.2f} "
        f"{value['exptime_s']:5.2f} {value['zp']:8.4f} {value['zp_sig']:6.4f} {value['inst_mag']:8.4f} "
        f"{value['in_sig']:6.4f} {_word(point['catalog'])} {_word(point['band'])} {flags:3d} "
        f"{_word(point['telescope'])} {point['method']:>9} {value['fwhm_arcsec']:4.2f}\n"
    )


_WORDS = {"filename", "catalog", "band", "telescope", "rejected", "method"}


def _word(text: str | None) -> str:
    """Return a text as one word."""
    return "_".join((text or "-").split()) or "-"
