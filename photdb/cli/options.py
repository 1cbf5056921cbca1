"""Options that many commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Db = Annotated[
    Path | None,
    typer.Option(
        "--db", metavar="FILE", help="The store (default: $PHOTDB, else photdb.duckdb in the working folder)."
    ),
]
ColourCorrected = Annotated[
    bool,
    typer.Option(
        "--colour-corrected",
        help="Magnitudes of the star's own colour, from its two bands or the catalogue; none where it is unknown.",
    ),
]
AsCalibration = Annotated[
    int | None,
    typer.Option(
        "--as", metavar="CAL", help="Zero points of this calibration (photdb zeropoint list) instead of those in use."
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="table, csv, json, parquet, votable or fits (default: by the suffix of --output, else a table on a "
        "terminal and CSV in a pipe).",
    ),
]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to a file.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")]
Online = Annotated[
    bool,
    typer.Option(
        "--online", help="Ask CDS (Simbad, NED, VizieR) for a name that the store does not know; also $PHOTDB_ONLINE."
    ),
]
Radius = Annotated[
    float | None,
    typer.Option(
        "--radius", metavar="ARCSEC", help="How far the object may be (default: the frames' match radius, at least 5)."
    ),
]


def numbers(words: str | None) -> list[int] | None:
    """Return ``3,7-12`` as numbers.

    Raises
    ------
    UsageError
        If it is no list of numbers.
    """
    from photdb.errors import UsageError

    if words is None:
        return None
    found: list[int] = []
    for word in filter(None, (w.strip() for w in words.split(","))):
        first, dash, last = word.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise UsageError(f"{word!r} is not a frame or a range of frames", "write 3,7-12")
        found.extend(range(int(first), int(last or first) + 1))
    return found
