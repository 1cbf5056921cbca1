"""Reading a telescope file: every key is known, of the right type and complete, or the message names it."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable
from typing import Any, TypeVar

from photdb.errors import InputError
from photdb.ingest.telescope import (
    IMAGE_TYPES,
    CardUse,
    Match,
    PointingRule,
    Quantity,
    SiteRule,
    Telescope,
    TimeRule,
    Words,
)
from photdb.times import parse_zone

T = TypeVar("T")
_MISSING: Any = object()

#: Factors to the unit photdb keeps: seconds, metres, arcsec; pixel sizes and focal lengths only as a ratio, in metres.
_UNITS = {
    "exposure": {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0},
    "length": {"m": 1.0, "cm": 1e-2, "mm": 1e-3, "um": 1e-6, "inch": 0.0254},
    "scale": {"arcsec": 1.0, "arcmin": 60.0, "deg": 3600.0},
    "angle": {"deg": 1.0},
    "plain": {"1": 1.0},
    "gain": {"e-/ADU": 1.0},
    "noise": {"e-": 1.0},
    "level": {"ADU": 1.0},
}


def parse_telescope(text: str, *, name: str, source: str) -> Telescope:
    """Return the telescope a TOML text describes.

    Parameters
    ----------
    text, name, source
        The TOML; the name of the telescope; the file, for messages.

    Raises
    ------
    InputError
        If it is not TOML, a key is unknown, missing or of the wrong type: with the file, the key and the nearest
        known key.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{source}: not valid TOML: {error}") from None
    top = _Table(source, "", data)
    detector, frame = top.table("detector"), top.table("frame")
    optics, images, filters = top.table("optics"), top.table("image_type"), top.table("filter")
    scale = detector.table("pixel_scale_from")
    telescope = Telescope(
        name=name,
        title=top.take("title", _string, name),
        source=source,
        match=_match(top.table("match")),
        detector=frame.take("detector", _strings, ()),
        object_cards=frame.take("object", _strings, ("OBJECT",)),
        binning_cards=frame.take("binning_cards", _strings, ()),
        binning=frame.take("binning", _pair, None),
        skip_hdus=Words.of(frame.take("skip_extensions", _strings, ())),
        only_hdus=_words_or_none(frame.take("only_extensions", _strings, None)),
        reduced=Match(any_of=_rules(frame.table("reduced"))),
        exposure=frame.quantity("exposure", "exposure", Quantity((CardUse("EXPTIME"), CardUse("EXPOSURE")))),
        airmass=frame.quantity("airmass", "plain", Quantity((CardUse("AIRMASS"),))),
        gain=detector.quantity("gain", "gain"),
        read_noise=detector.quantity("read_noise", "noise"),
        saturation=detector.quantity("saturation", "level"),
        pixel_scale=detector.quantity("pixel_scale", "scale"),
        pixel_scale_binned=detector.take("pixel_scale_binned", _boolean, False),
        pixel_size=scale.quantity("pixel_size", "length"),
        focal_length=scale.quantity("focal_length", "length"),
        diameter=optics.quantity("diameter", "length"),
        rotation=detector.quantity("rotation", "angle"),
        mirrored=detector.take("mirrored", _boolean, None),
        trim_cards=detector.take("trim_cards", _strings, ()),
        trim=detector.take("trim", _section, None),
        overscan_cards=detector.take("overscan_cards", _strings, ()),
        overscan=detector.take("overscan", _section, None),
        bayer_cards=detector.take("bayer_cards", _strings, ()),
        bayer=detector.take("bayer", _bayer, None),
        times=tuple(_time_rule(t) for t in top.tables("time")),
        pointings=tuple(_pointing_rule(t) for t in top.tables("pointing")),
        site=_site(top.table("site")),
        type_cards=images.take("cards", _strings, ("IMAGETYP",)),
        type_words=_type_words(images),
        type_hints=_type_words(images.table("hints")),
        filter_cards=filters.take("cards", _strings, ("FILTER",)),
        filter_default=filters.take("default", _string, None),
        open_words=Words.of(filters.take("open_words", _strings, ("clear", "open", "empty", "air", "none", "free"))),
        filter_bands=filters.take("bands", _string_map, {}),
        calibrate_as=filters.take("calibrate_as", _string_map, {}),
    )
    for table in (frame, scale, detector, optics, images, filters):
        table.done()
    top.done()
    if not telescope.times:
        raise InputError(
            f"{source}: no [[time]]: nothing says when a frame was taken", 'add [[time]] date = "DATE-OBS"'
        )
    return telescope


class _Table:
    """One table of a TOML file; remembers which keys it was asked for, so that a misspelt one is noticed."""

    def __init__(self, source: str, where: str, data: dict[str, Any]) -> None:
        self.source, self.where, self.data = source, where, data
        self.known: list[str] = []

    def take(self, key: str, parse: Callable[[Any], T], default: Any = _MISSING) -> Any:
        """Return a parsed value, or the default."""
        self.known.append(key)
        if key not in self.data:
            if default is _MISSING:
                raise InputError(f"{self.source}: {self._name(key)} is missing")
            return default
        try:
            return parse(self.data[key])
        except _WrongError as wrong:
            raise InputError(f"{self.source}: {self._name(key)} = {self.data[key]!r}: {wrong}") from None

    def table(self, key: str) -> _Table:
        """Return a table inside this one; an absent one is empty."""
        return _Table(self.source, self._name(key), self.take(key, _mapping, {}))

    def tables(self, key: str) -> list[_Table]:
        """Return an array of tables."""
        entries = self.take(key, _list_of_mappings, [])
        return [_Table(self.source, f"{self._name(key)}[{i}]", entry) for i, entry in enumerate(entries)]

    def quantity(self, key: str, kind: str, default: Quantity | None = None) -> Quantity:
        """Return a number from cards or literal: ``1.6``, ``"EGAIN"``, ``["EGAIN", "GAIN"]`` or a table of them."""
        self.known.append(key)
        if key not in self.data:
            return default or Quantity()
        given = self.data[key]
        if not isinstance(given, dict):
            given = {"value": given} if isinstance(given, int | float) else {"cards": given}
        inner = _Table(self.source, self._name(key), given)
        units = _UNITS[kind]
        unit = inner.take("unit", _one_of(*units), next(iter(units)))
        entries = inner.take("cards", _list, [])
        result = Quantity(
            cards=tuple(self._card_use(key, i, entry) for i, entry in enumerate(entries)),
            value=inner.take("value", _number, None),
            factor=units[unit],
            guess=inner.take("guess", _string, None),
        )
        inner.done()
        return result

    def _card_use(self, key: str, i: int, entry: Any) -> CardUse:
        if isinstance(entry, str):
            return CardUse(entry)
        if not isinstance(entry, dict):
            raise InputError(f"{self.source}: {self._name(key)}: {entry!r} is neither a card name nor a table")
        inner = _Table(self.source, f"{self._name(key)}.cards[{i}]", entry)
        unless = inner.table("unless")
        use = CardUse(
            card=inner.take("card", _string),
            low=inner.take("low", _number, None),
            high=inner.take("high", _number, None),
            unless=Match(any_of=_rules(unless)) if unless.data else None,
            wrong_comments=_words_or_none(inner.take("wrong_comments", _strings, None)),
            sure_comments=_words_or_none(inner.take("sure_comments", _strings, None)),
            guess=inner.take("guess", _string, None),
        )
        inner.done()
        return use

    def done(self) -> None:
        """Refuse keys nobody asked for."""
        for key in self.data:
            if key not in self.known:
                near = difflib.get_close_matches(key, self.known, 1, 0.5)
                hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(self.known)}"
                raise InputError(f"{self.source}: unknown key {self._name(key)!r}", hint)

    def _name(self, key: str) -> str:
        return f"{self.where}.{key}" if self.where else key


def _match(table: _Table) -> Match:
    rule = Match(all_of=_rules(table.table("all")), any_of=_rules(table.table("any")))
    table.done()
    return rule


def _rules(table: _Table) -> tuple[tuple[str, Words], ...]:
    return tuple((card, Words.of(table.take(card, _strings))) for card in table.data)


def _time_rule(table: _Table) -> TimeRule:
    rule = TimeRule(
        marks=table.take("marks", _one_of("start", "middle", "end"), "start"),
        date=table.take("date", _string, None),
        clock=table.take("clock", _string, None),
        mjd=table.take("mjd", _string, None),
        jd=table.take("jd", _string, None),
        scale=table.take("scale", _one_of("utc", "ut1", "tai", "tt", "tdb"), None),
        scale_card=table.take("scale_card", _string, None),
        zone=table.take("zone", _zone, None),
        clock_unit=table.take("clock_unit", _one_of("hms", "seconds", "hours"), "hms"),
        guess=table.take("guess", _string, None),
    )
    table.done()
    if (rule.date is not None) + (rule.mjd is not None) + (rule.jd is not None) != 1:
        raise InputError(f"{table.source}: {table.where}: exactly one of date, mjd and jd names the card of the day")
    return rule


def _pointing_rule(table: _Table) -> PointingRule:
    rule = PointingRule(
        ra=table.take("ra", _string),
        dec=table.take("dec", _string),
        ra_unit=table.take("ra_unit", _one_of("auto", "hours", "degrees"), "auto"),
    )
    table.done()
    return rule


def _site(table: _Table) -> SiteRule:
    cards = table.table("cards")
    rule = SiteRule(
        name=table.take("name", _string, None),
        mpc_code=table.take("mpc_code", _mpc_code, None),
        name_cards=cards.take("name", _strings, ()),
        latitude_cards=cards.take("latitude", _strings, ()),
        longitude_cards=cards.take("longitude", _strings, ()),
        height_cards=cards.take("height", _strings, ()),
        longitude_positive=table.take("longitude_positive", _one_of("east", "west"), "east"),
        longitude_guess=table.take("longitude_guess", _string, None),
        latitude=table.take("latitude", _within(-90, 90), None),
        longitude=table.take("longitude", _within(-180, 360), None),
        height=table.take("height", _within(-500, 9000), None),
    )
    cards.done()
    table.done()
    if (rule.latitude is None) != (rule.longitude is None):
        raise InputError(f"{table.source}: {table.where} needs latitude and longitude, or neither")
    return rule


def _mpc_code(value: Any) -> str:
    """Return a site's code at the Minor Planet Center."""
    if not (isinstance(value, str) and re.fullmatch(r"[A-Z0-9]\d{2}", value)):
        raise _WrongError("not a code of the Minor Planet Center: as 688 or G37, in quotes")
    return value


def _type_words(table: _Table) -> tuple[tuple[str, Words], ...]:
    """Return the words of each image type; what is tried first is most special: a dark flat is a dark."""
    rules = [(kind, Words.of(table.take(kind, _strings, ()))) for kind in ("other", "bias", "dark", "flat", "light")]
    assert {kind for kind, _ in rules} == set(IMAGE_TYPES)
    table.take("hints", _mapping, {})
    if table.where.endswith("hints"):
        table.done()
    return tuple((kind, words) for kind, words in rules if words.given)


class _WrongError(Exception):
    """What is wrong with a value."""


def _string(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _WrongError("a text is needed")
    return value


def _strings(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return (_string(value),)
    if not isinstance(value, list):
        raise _WrongError("a text or a list of texts is needed")
    return tuple(_string(item) for item in value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _WrongError("a number is needed")
    return float(value)


def _within(low: float, high: float) -> Callable[[Any], float]:
    def parse(value: Any) -> float:
        if not low <= _number(value) <= high:
            raise _WrongError(f"outside {low} to {high}")
        return _number(value)

    return parse


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _WrongError("true or false is needed")
    return value


def _pair(value: Any) -> tuple[int, int]:
    if not (isinstance(value, list) and len(value) == 2 and all(type(v) is int and v > 0 for v in value)):
        raise _WrongError("two whole numbers are needed, as [2, 2]")
    return value[0], value[1]


def _one_of(*words: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if value not in words:
            raise _WrongError(f"one of {', '.join(words)} is needed")
        return str(value)

    return parse


def _zone(value: Any) -> float:
    try:
        return parse_zone(_string(value))
    except InputError as error:
        raise _WrongError(error.what) from None


def _section(value: Any) -> str:
    if not re.fullmatch(r"\[\s*\d+\s*:\s*\d+\s*,\s*\d+\s*:\s*\d+\s*\]", _string(value)):
        raise _WrongError("a section is needed, as [18:1382,1:1370] (x first, 1-based, ends included)")
    return str(value)


def _bayer(value: Any) -> str:
    if sorted(_string(value)) != list("BGGR"):
        raise _WrongError("one of RGGB, BGGR, GRBG, GBRG is needed")
    return str(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongError("a table is needed")
    return value


def _list_of_mappings(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise _WrongError("an array of tables is needed: write [[...]] above its keys")
    return [_mapping(item) for item in value]


def _string_map(value: Any) -> dict[str, str]:
    return {key: _string(item) for key, item in _mapping(value).items()}


def _words_or_none(words: tuple[str, ...] | None) -> Words | None:
    return None if words is None else Words.of(words)
