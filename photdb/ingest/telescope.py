"""Telescopes as data: what one file of ``telescopes/`` says, and which file a header belongs to.

The files are read and checked by `photdb.ingest.telescope_file`; a header is understood with one of them by
`photdb.ingest.header`.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from photdb.config import user_folder
from photdb.errors import InputError, NotFoundError
from photdb.ingest.cards import Cards, Value
from photdb.resources import shipped

GENERIC = "generic"
IMAGE_TYPES = ("light", "bias", "dark", "flat", "other")


@dataclass(frozen=True, slots=True)
class Words:
    """Words a card may say: without regard to case, ``*`` for any letters, ``/.../`` for a regular expression."""

    given: tuple[str, ...]
    pattern: re.Pattern[str] = field(compare=False, repr=False)

    @classmethod
    def of(cls, words: Iterable[str]) -> Words:
        """Compile a list of words."""
        given = tuple(words)
        parts = [w[1:-1] if len(w) > 2 and w[0] == w[-1] == "/" else fnmatch.translate(w) for w in given]
        return cls(given, re.compile("|".join(f"(?:{part})" for part in parts) or r"(?!)", re.IGNORECASE))

    def match(self, value: Value | None) -> bool:
        """Tell whether a value is one of the words."""
        return value is not None and self.pattern.match(str(value).strip()) is not None


@dataclass(frozen=True, slots=True)
class Match:
    """A rule on header cards: every card of `all_of` says one of its words, and at least one of `any_of` does."""

    all_of: tuple[tuple[str, Words], ...] = ()
    any_of: tuple[tuple[str, Words], ...] = ()

    def holds(self, cards: Cards) -> bool:
        """Tell whether a header satisfies the rule."""
        return all(words.match(cards.get(card)) for card, words in self.all_of) and (
            not self.any_of or any(words.match(cards.get(card)) for card, words in self.any_of)
        )

    def cards(self) -> list[str]:
        """Return the cards the rule looks at."""
        return [card for card, _ in (*self.all_of, *self.any_of)]


@dataclass(frozen=True, slots=True)
class CardUse:
    """One card that may say a quantity; a value outside `low` to `high`, or under `unless`, does not count.

    Nor does one whose comment is among `wrong_comments`; a comment among `sure_comments` takes the guess away.
    """

    card: str
    low: float | None = None
    high: float | None = None
    unless: Match | None = None
    wrong_comments: Words | None = None
    sure_comments: Words | None = None
    guess: str | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number: from the first of several cards, times `factor`, or else the literal value."""

    cards: tuple[CardUse, ...] = ()
    value: float | None = None
    factor: float = 1.0
    guess: str | None = None


@dataclass(frozen=True, slots=True)
class TimeRule:
    """One way a header may tell the time of the exposure."""

    marks: str
    date: str | None = None
    clock: str | None = None
    mjd: str | None = None
    jd: str | None = None
    scale: str | None = None
    scale_card: str | None = None
    zone: float | None = None
    clock_unit: str = "hms"
    guess: str | None = None


@dataclass(frozen=True, slots=True)
class PointingRule:
    """A pair of cards that say where the telescope pointed; `ra_unit` is ``hours``, ``degrees`` or ``auto``."""

    ra: str
    dec: str
    ra_unit: str


@dataclass(frozen=True, slots=True)
class SiteRule:
    """Where the site stands: from cards, or else literally (deg east, m); and its code at the Minor Planet Center."""

    name: str | None = None
    mpc_code: str | None = None
    name_cards: tuple[str, ...] = ()
    latitude_cards: tuple[str, ...] = ()
    longitude_cards: tuple[str, ...] = ()
    height_cards: tuple[str, ...] = ()
    longitude_positive: str = "east"
    longitude_guess: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    height: float | None = None


@dataclass(frozen=True, slots=True)
class Telescope:
    """What one telescope file says. Each list of cards is tried in order; see ``docs/guides/new-telescope.md``."""

    name: str
    title: str
    source: str
    match: Match
    detector: tuple[str, ...]
    object_cards: tuple[str, ...]
    binning_cards: tuple[str, ...]
    binning: tuple[int, int] | None
    skip_hdus: Words
    only_hdus: Words | None
    reduced: Match
    exposure: Quantity
    airmass: Quantity
    gain: Quantity
    read_noise: Quantity
    saturation: Quantity
    pixel_scale: Quantity
    pixel_scale_binned: bool
    pixel_size: Quantity
    focal_length: Quantity
    diameter: Quantity
    rotation: Quantity
    mirrored: bool | None
    trim_cards: tuple[str, ...]
    trim: str | None
    overscan_cards: tuple[str, ...]
    overscan: str | None
    bayer_cards: tuple[str, ...]
    bayer: str | None
    times: tuple[TimeRule, ...]
    pointings: tuple[PointingRule, ...]
    site: SiteRule
    type_cards: tuple[str, ...]
    type_words: tuple[tuple[str, Words], ...]
    type_hints: tuple[tuple[str, Words], ...]
    filter_cards: tuple[str, ...]
    filter_default: str | None
    open_words: Words
    filter_bands: dict[str, str]
    calibrate_as: dict[str, str]

    def wants(self, cards: Cards) -> bool:
        """Tell whether an image of a multi-extension file is one to measure, by its EXTNAME."""
        name = cards.own("EXTNAME")
        if self.skip_hdus.match(name):
            return False
        return self.only_hdus is None or self.only_hdus.match(name)


@dataclass(frozen=True, slots=True)
class Telescopes:
    """Telescope files in the order they are tried: the user's, the shipped ones, ``generic`` last."""

    files: tuple[Telescope, ...]

    def find(self, cards: Cards) -> Telescope:
        """Return the first telescope whose rule holds for a header."""
        return next(telescope for telescope in self.files if telescope.match.holds(cards))

    def named(self, name: str) -> Telescope:
        """Return a telescope by its name.

        Raises
        ------
        NotFoundError
            If there is no such file.
        """
        for telescope in self.files:
            if telescope.name == name:
                return telescope
        import difflib

        names = [telescope.name for telescope in self.files]
        near = difflib.get_close_matches(name, names, 1, 0.4)
        raise NotFoundError(
            f"no telescope {name!r} among {len(names)}",
            f"did you mean {near[0]}?" if near else f"there are: {', '.join(names)}",
        )


def load_telescopes(folders: Iterable[Path] | None = None) -> Telescopes:
    """Read the telescope files: the user's own folder first, then the shipped one.

    Parameters
    ----------
    folders
        Folders of ``.toml`` files in the order they count; by default ``<user folder>/telescopes`` and the shipped
        one. A name met twice counts once, from the first folder.

    Raises
    ------
    InputError
        If a file is wrong, naming the file and the key; or if no folder has ``generic.toml``.
    """
    from photdb.ingest.telescope_file import parse_telescope

    places = list(folders) if folders is not None else [user_folder() / "telescopes", shipped("ingest") / "telescopes"]
    found: dict[str, Telescope] = {}
    for folder in places:
        if not folder.is_dir():
            continue
        for file in sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name):
            name = file.name.removesuffix(".toml")
            if name not in found:
                found[name] = parse_telescope(file.read_text(encoding="utf-8"), name=name, source=str(file))
    if GENERIC not in found:
        raise InputError(
            f"no {GENERIC}.toml in {', '.join(map(str, places))}", "reinstall photdb: the shipped file is missing"
        )
    generic = found.pop(GENERIC)
    return Telescopes((*found.values(), generic))
