"""Which aperture a user means: by a word, or by the number it has in table ``aperture``."""

from __future__ import annotations

import re

from photdb.errors import UsageError
from photdb.store.database import Database

#: Words for what is no circle of a given size, and the numbers of these.
NAMED = {"primary": 0, "auto": -1, "psf": -2, "whole": -3, "ellipse": -3}
_SIZE = re.compile(r"(\d*\.?\d+)\s*(arcsec|\"|fwhm)", re.IGNORECASE)


def aperture_called(db: Database, word: str) -> int:
    """Return the number of an aperture: of ``psf``, ``whole``, ``auto``, ``primary``, or by its diameter, ``5arcsec``.

    Raises
    ------
    UsageError
        If nothing was ever measured in it; it says what there is.
    """
    plain = word.strip().lower()
    if plain in NAMED:
        return NAMED[plain]
    size = _SIZE.fullmatch(plain)
    known = db.query("apertures").dicts()
    if size is not None:
        kind = "fwhm" if size[2] == "fwhm" else "arcsec"
        for row in known:
            if row["kind"] == kind and row["diameter"] is not None and abs(row["diameter"] - float(size[1])) < 1e-6:
                return int(row["aperture_id"])
    there = ", ".join(dict.fromkeys([*NAMED, *(f"{r['diameter']:g}{r['kind']}" for r in known if r["diameter"])]))
    raise UsageError(f"no aperture {word!r}", f"there are {there}")
