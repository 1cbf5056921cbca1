"""When a frame was taken: the many ways headers tell it, in UTC."""

from __future__ import annotations

from photdb.errors import InputError
from photdb.ingest.cards import Cards, as_number
from photdb.ingest.reading import Reading, listed
from photdb.ingest.telescope import TimeRule
from photdb.times import MJD_0, mjd_of, parse_clock, parse_date, to_utc

_DAY_S = 86400.0
_SCALES = {"utc": "utc", "ut": "utc", "gmt": "utc", "ut1": "ut1", "tai": "tai", "tt": "tt", "tdt": "tt", "tdb": "tdb"}
#: Two clocks of a header may differ by this (some count days to three decimals, some give the end of the read-out).
_APART_DAYS = 0.005
_EARLIEST_MJD, _LATEST_MJD = 0.0, 100000.0


class _NoClockError(Exception):
    """A date without a time of day."""


def read_times(reading: Reading, exptime_s: float | None) -> tuple[float | None, float | None]:
    """Return start and middle of the exposure, MJD (UTC); None, and a problem noted, where the header does not say."""
    problem = ""
    tried: list[str] = []
    for rule in reading.telescope.times:
        tried += [card for card in (rule.date, rule.mjd, rule.jd) if card and card not in tried]
        try:
            moment = _moment(reading.cards, rule)
        except _NoClockError as reason:
            problem = problem or str(reason)
            continue
        except InputError as error:
            problem = error.what
            break
        if moment is not None:
            mjd = to_utc(moment, _scale(reading, rule))
            _compare(reading, rule, mjd, exptime_s)
            return _span(reading, rule, mjd, exptime_s)
    reading.problem(problem or f"no time of observation ({listed(tried)})")
    return None, None


def _compare(reading: Reading, used: TimeRule, mjd: float, exptime_s: float | None) -> None:
    """Say so where a count of days in the same header tells another time: one of the two is local, or wrong."""
    allowed = _APART_DAYS + (exptime_s or 0.0) / _DAY_S
    for rule in reading.telescope.times:
        card = rule.mjd or rule.jd
        if card is None or rule is used or card in (used.mjd, used.jd):
            continue
        try:
            other = _count_of_days(reading.cards, card, is_jd=rule.jd is not None)
        except InputError:
            continue
        if other is not None and abs(other - mjd) > allowed:
            reading.guess("mjd_mid", f"{_cards_of(used)} taken; {card} differs from it by {24 * (other - mjd):+.2f} h")
            return


def _cards_of(rule: TimeRule) -> str:
    return " and ".join(card for card in (rule.date or rule.mjd or rule.jd, rule.clock) if card)


def _span(reading: Reading, rule: TimeRule, mjd: float, exptime_s: float | None) -> tuple[float | None, float | None]:
    """Return start and middle from the moment a rule marks."""
    if rule.guess:
        reading.guess("mjd_mid", rule.guess)
    origin = _cards_of(rule)
    reading.found(f"mjd_{rule.marks}" if rule.marks != "middle" else "mjd_mid", mjd, origin)
    if exptime_s is None:
        return (mjd, None) if rule.marks == "start" else (None, mjd if rule.marks == "middle" else None)
    half = exptime_s / 2 / _DAY_S
    start = mjd - {"start": 0.0, "middle": half, "end": 2 * half}[rule.marks]
    if rule.marks == "middle":
        return start, mjd
    return start, reading.found("mjd_mid", start + half, f"{origin} and half the exposure")


def _moment(cards: Cards, rule: TimeRule) -> float | None:
    """Return the MJD a rule's cards say, in their own scale; None where the cards are not there."""
    card = rule.mjd or rule.jd
    if card:
        return _count_of_days(cards, card, is_jd=rule.jd is not None)
    assert rule.date is not None
    text = cards.text(rule.date)
    if text is None:
        return None
    try:
        day, clock = parse_date(text)
    except InputError as error:
        raise InputError(f"{rule.date} = {error.what}", error.hint) from None
    if rule.clock is not None:
        return _with_clock_card(cards, rule, day)
    if clock is None:
        raise _NoClockError(f"{rule.date} = {text!r} has no time of day")
    return _with_zone(f"{rule.date} = {text!r}", day, clock, rule)


def _with_clock_card(cards: Cards, rule: TimeRule, day: int) -> float | None:
    """Return date and time of day from two cards."""
    assert rule.clock is not None
    value = cards.get(rule.clock)
    if value is None:
        return None
    if rule.clock_unit != "hms":
        number = as_number(value)
        if number is None or not 0 <= number <= (_DAY_S if rule.clock_unit == "seconds" else 24):
            raise InputError(f"{rule.clock} = {value!r} is not a time of day in {rule.clock_unit}")
        return mjd_of(day, number if rule.clock_unit == "seconds" else number * 3600.0) - (rule.zone or 0.0) / 24
    text = str(value)
    if "T" in text:  # a clock card that says the date as well
        day, words = parse_date(text)
        text = words or ""
    return _with_zone(f"{rule.clock} = {text!r}", day, text, rule)


def _with_zone(what: str, day: int, clock: str, rule: TimeRule) -> float:
    try:
        seconds, zone = parse_clock(clock)
    except InputError as error:
        raise InputError(f"{what}: {error.what}", error.hint) from None
    hours = zone if zone is not None else rule.zone or 0.0
    return mjd_of(day, seconds) - hours / 24


def _count_of_days(cards: Cards, card: str, *, is_jd: bool) -> float | None:
    """Return an MJD from an MJD or JD card; either may be written as a string."""
    value = cards.number(card)
    if value is None or value == 0:
        return None
    mjd = value - MJD_0 if is_jd or value > MJD_0 else value
    if not _EARLIEST_MJD < mjd < _LATEST_MJD:
        raise InputError(f"{card} = {value:g} is an impossible date")
    return mjd


def _scale(reading: Reading, rule: TimeRule) -> str:
    """Return the time scale: of the rule, of its card (TIMESYS), or UTC as a guess."""
    if rule.scale is not None:
        return rule.scale
    said = reading.cards.text(rule.scale_card) if rule.scale_card else None
    scale = _SCALES.get(said.strip().lower().partition("(")[0]) if said else None
    if scale is None:
        why = f"{rule.scale_card} = {said!r} is not a scale known here" if said else f"no {rule.scale_card or 'card'}"
        reading.guess("time_scale", f"{why}, UTC assumed")
        return "utc"
    return reading.found("time_scale", scale, str(rule.scale_card))
