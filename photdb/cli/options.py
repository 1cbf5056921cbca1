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
Radius = Annotated[
    float | None,
    typer.Option(
        "--radius", metavar="ARCSEC", help="How far the object may be (default: the frames' match radius, at least 5)."
    ),
]
