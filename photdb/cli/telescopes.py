"""``photdb telescopes``: which telescopes are known, what their files say, what a header says with them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photdb.cli.options import Format, Output, Overwrite

if TYPE_CHECKING:
    from photdb.ingest.telescope import Match

app = typer.Typer(
    help="The telescopes that photdb knows, and what it understands of a header.",
    add_completion=False,
    rich_markup_mode=None,
)

#: Fields without which a frame is worth less, and what then has to be done without.
_WANTED = {
    "ra": "where the telescope pointed: [[pointing]]",
    "pixel_scale": "the pixel scale: detector.pixel_scale",
    "site": "the site: [site]; without it no airmass and BJD for the geocentre",
    "diameter_m": "the telescope's diameter: optics.diameter; without it no scintillation in the errors",
}


@app.command("list")
def list_(format: Format = None, output: Output = None, overwrite: Overwrite = False) -> None:
    """List the telescopes in the order they are tried; the first whose rule holds is taken.

    Example: photdb telescopes list
    """
    from photdb.cli.scan import show_rows
    from photdb.ingest.telescope import load_telescopes

    rows = [
        {"telescope": t.name, "title": t.title, "matches": describe_match(t.match), "source": t.source}
        for t in load_telescopes().files
    ]
    show_rows("telescope_list", rows, format, output, overwrite=overwrite)


@app.command()
def show(name: Annotated[str, typer.Argument(help="A name from `photdb telescopes list`.")]) -> None:
    """Print the file of a telescope, to read or to begin one of your own with.

    Example: photdb telescopes show generic
    """
    print(text_of(name), end="")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A FITS file, or the text of a header (.hdr, one card a line).")],
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """Print what is understood of a header, card by card, what is guessed and what is missing.

    Example: photdb telescopes check night/frame_001.fits
    """
    from photdb import progress
    from photdb.cli.scan import show_rows

    rows, missing = check_rows(file)
    show_rows("telescope_check", rows, format, output, overwrite=overwrite)
    for sentence in missing:
        progress.warn(sentence)


def text_of(name: str) -> str:
    """Return the TOML of a telescope.

    Raises
    ------
    NotFoundError
        If there is no such telescope.
    """
    from photdb.ingest.telescope import load_telescopes

    return Path(load_telescopes().named(name).source).read_text(encoding="utf-8")


def check_rows(file: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the fields of every image of a file, and sentences on what is missing or forbids the use.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    from photdb.ingest.header import explain
    from photdb.ingest.telescope import load_telescopes

    telescopes = load_telescopes()
    rows: list[dict[str, Any]] = []
    missing: list[str] = []
    for image in _images(file):
        telescope = telescopes.find(image.cards)
        frame, reading = explain(image, telescope, path=file, hdu=image.hdu)
        where = {"hdu": image.hdu}
        rows.append(where | {"field": "telescope", "value": telescope.name, "origin": telescope.source, "note": None})
        guessed = {guess.partition(": ")[0]: guess.partition(": ")[2] for guess in reading.guesses}
        for fact in reading.facts:
            note = guessed.pop(fact.field, None)
            row = {"field": fact.field, "value": _said(fact.value), "origin": fact.origin}
            rows.append(where | row | {"note": note and f"guess: {note}"})
        for field, sentence in guessed.items():
            value = getattr(frame, field, None)
            said = None if value is None else _said(value)
            rows.append(where | {"field": field, "value": said, "origin": None, "note": f"guess: {sentence}"})
        for problem in frame.problems:
            rows.append(where | {"field": "problem", "value": None, "origin": None, "note": problem})
            missing.append(f"HDU {image.hdu}: {problem}")
        if frame.image_type == "light":
            missing += [
                f"HDU {image.hdu}: not said: {what}" for f, what in _WANTED.items() if getattr(frame, f) is None
            ]
    return rows, missing


def describe_match(match: Match) -> str:
    """Return a rule in words."""
    every = " and ".join(f"{card} = {' | '.join(words.given)}" for card, words in match.all_of)
    some = " or ".join(f"{card} = {' | '.join(words.given)}" for card, words in match.any_of)
    return " and ".join(part for part in (every, f"({some})" if every and some else some) if part) or "any header"


def _images(file: Path) -> list[Any]:
    """Return the headers of a FITS file, or of a text file that holds one header."""
    from photdb.ingest.fits import header_of_text, read_headers

    if file.suffix.lower() in (".hdr", ".txt", ".head") and file.is_file():
        return [header_of_text(file.read_text(encoding="latin-1"))]
    return read_headers(file)


def _said(value: object) -> str:
    """Return a value as a person reads it."""
    from photdb.ingest.frame_header import Section, Site

    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, tuple):
        return " x ".join(map(str, value))
    if isinstance(value, Section):
        return f"data[{value.y0}:{value.y1}, {value.x0}:{value.x1}]"
    if isinstance(value, Site):
        return f"{value.latitude:.5f}, {value.longitude:.5f} deg east, {value.height:g} m" + (
            f" ({value.name})" if value.name else ""
        )
    return str(value)
