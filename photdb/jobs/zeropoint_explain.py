"""See why a zero point is what it is: the candidates of its frame, what each cut left, what the fit left over.

The stars are matched and selected anew, by the statements and with the settings that made the calibration, in temporary
tables: the store is only read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.errors import CalibrationError, NotFoundError, UsageError
from photdb.jobs import zeropoint_select
from photdb.jobs import zeropoint_words as words
from photdb.jobs.zeropoint_settings import ZeropointSettings
from photdb.jobs.zeropoint_words import Limits, Row, frames_are, source_of, why_not
from photdb.output.plot_zeropoint import Steps
from photdb.output.plot_zeropoint_selection import Selection
from photdb.output.plot_zeropoint_stars import Line, Residuals
from photdb.photometry import pp_scheme
from photdb.photometry.magnitude_range import useful_range
from photdb.store.answer import Answer
from photdb.store.database import Database, statement

#: Residuals of more frames than these are of some of them, evenly chosen.
MOST_FRAMES = 300

_SURFACE = 61  # places along an axis at which a spatial zero point is drawn

Columns = dict[str, NDArray[Any]]


def frames(
    db: Database, *, frame_ids: Iterable[int] | None = None, band: str | None = None, cal_id: int | None = None
) -> list[Row]:
    """Return the frames in time's order, each with its primary zero point, in use or of one calibration.

    Parameters
    ----------
    db : Database
        Open for reading will do.
    frame_ids : iterable of int, optional
        Only these.
    band : str, optional
        Only this band.
    cal_id : int, optional
        This calibration instead of those in use.

    Raises
    ------
    NotFoundError
        If there is no such calibration, or no such frame in it.
    """
    wanted = None if frame_ids is None else sorted({int(i) for i in frame_ids})
    known = [int(r[0]) for r in db.rows("SELECT cal_id FROM calibration ORDER BY cal_id").rows]
    if cal_id is not None and cal_id not in known:
        raise NotFoundError(f"no calibration {cal_id}", f"there are: {', '.join(map(str, known)) or 'none'}")
    db.job("explain_frames", cal_id=cal_id, frame_ids=wanted, band=band)
    found = db.rows("SELECT * FROM explain_frame ORDER BY mjd_mid, frame_id").dicts()
    if found:
        return found
    which = f"frame {', '.join(map(str, wanted))}" if wanted else f"frame of band {band}" if band else "frame"
    where = f"calibration {cal_id}" if cal_id is not None else "the store"
    raise NotFoundError(f"no usable {which} in {where}", "see `photdb frames` and `photdb zeropoint list --frames`")


def one_frame(db: Database, frame_id: int, *, cal_id: int | None = None) -> Row:
    """Return a frame with its zero point.

    Raises
    ------
    NotFoundError
        If there is no such frame, or none in that calibration.
    CalibrationError
        If it has no zero point.
    """
    (row,) = frames(db, frame_ids=[frame_id], cal_id=cal_id)
    if row["cal_id"] is None:
        raise CalibrationError(f"frame {frame_id} has no zero point", "photdb zeropoint calibrates it")
    return row


@dataclass(frozen=True, slots=True)
class Candidates:
    """Reference stars of frames, one entry a star and frame, sorted by frame.

    Attributes
    ----------
    columns
        By the names of ``schema/jobs/explain_stars.sql``; a magnitude or colour that is not known is NaN.
    frames
        The frames that they are of.
    colours
        The colour index of each band of frames.
    """

    columns: Columns
    frames: list[Row]
    colours: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.columns["frame_id"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    @property
    def passed(self) -> NDArray[np.bool_]:
        """Which passed all cuts."""
        return np.array([cut is None for cut in self["cut"]], dtype=bool)

    @property
    def used(self) -> NDArray[np.bool_]:
        """Which the fit used."""
        return np.asarray(self.passed & ~self["is_held"])

    def residuals(self) -> Residuals:
        """Return what the fit left over."""
        return Residuals(
            mag=self["mag"], colour=self["colour"], u=self["u"], v=self["v"], left=self["residual"],
            by_colour=self["by_colour"], by_mag=self["by_mag"], by_place=self["by_place"],
            used=self.used, held=np.asarray(self.passed & self["is_held"]),
        )  # fmt: skip

    def selection(self) -> Selection:
        """Return what the cuts removed."""
        return Selection(self["fwhm_arcsec"], self["mag"], self["cut"], np.asarray(self.passed & self["is_held"]))


def candidates(db: Database, rows: Sequence[Row], *, relative: bool = False) -> Candidates:
    """Return the candidates of frames, of the catalogue that gave each its zero point.

    Parameters
    ----------
    db : Database
        Open for reading will do.
    rows : sequence of mappings
        Frames of `frames`; of more than `MOST_FRAMES` some are taken, evenly.
    relative : bool, default=False
        Where no frame has a catalogue, return the stars that hold relative frames together; of these nothing is left.

    Raises
    ------
    CalibrationError
        If no frame got its zero point from a catalogue.
    """
    with_catalog = [row for row in rows if row["catalog"] is not None]
    if relative and not with_catalog:
        with_catalog = [row for row in rows if row["mag_system"] == "relative"]
    if not with_catalog:
        manual = "given a zero point by hand" if rows[0]["mag_system"] in ("AB", "Vega", "tied") else None
        raise CalibrationError(
            f"{frames_are(rows)} {manual or rows[0]['mag_system'] or 'without a zero point'}: "
            "there is no reference star to show" + (f" ({rows[0]['reason']})" if rows[0]["reason"] else ""),
            "photdb refcat list shows which catalogues there are; relative zero points are in `zeropoint plot time`",
        )
    chosen = np.linspace(0, len(with_catalog) - 1, min(len(with_catalog), MOST_FRAMES)).round().astype(int)
    some = [with_catalog[i] for i in chosen]
    found: list[Columns] = []
    colours: dict[str, str] = {}
    for cal_id in dict.fromkeys(row["cal_id"] for row in some):
        mine = [row for row in some if row["cal_id"] == cal_id]
        colours |= gather(db, mine)
        found.append(_read(db))
    columns = {name: np.concatenate([table[name] for table in found]) for name in found[0]}
    return Candidates(columns, some, colours)


def gather(db: Database, rows: Sequence[Row]) -> dict[str, str]:
    """Fill the temporary zp_pair with the candidates of frames, as the one calibration of them has them.

    Returns
    -------
    colours : dict
        The colour index of each band, where the catalogue gives one.
    """
    kept = json.loads(rows[0]["settings"] or "{}")
    settings = settings_of(rows[0])
    known = {row["band"]: row["colour"] for row in rows if row["colour"]}
    ids = [row["frame_id"] for row in rows]
    holds = [(detector, band) for detector, band in kept.get("held_back") or []]
    colours = zeropoint_select.select(db, ids, settings, known=known, holds=holds, relative=rows[0]["catalog"] is None)
    db.job("explain_frames", cal_id=rows[0]["cal_id"], frame_ids=ids, band=None)
    return {band: "-".join(pair) for band, pair in colours.index.items()}


def _read(db: Database) -> Columns:
    """Return the stars of explain_stars as arrays."""
    table = db.arrow(statement("jobs", "explain_stars"))
    columns: Columns = {}
    for name in table.column_names:
        if name == "cut":
            columns[name] = np.array([*table[name].to_pylist(), ""], dtype=object)[:-1]
        elif name in ("is_held", "frame_id"):
            columns[name] = np.asarray(table[name].to_numpy())
        else:
            columns[name] = np.asarray(table[name].to_numpy(), dtype=float)
    columns["is_held"] = columns["is_held"].astype(bool)
    return columns


def settings_of(row: Mapping[str, Any]) -> ZeropointSettings:
    """Return the settings of the calibration that a frame's zero point is of."""
    return ZeropointSettings.read(json.loads(row["settings"] or "{}"))


def band_of(rows: Sequence[Row]) -> str:
    """Return the band that the frames' reference magnitudes are of, with its system.

    Raises
    ------
    UsageError
        If they are of several: a plot of all would mix them.
    """
    bands = [f"{row['ref_band']}, {row['mag_system']}" for row in rows if row["ref_band"]]
    return _one(bands, "reference band", "--frame ID or --band B") or "?"


def _one(values: Sequence[str], what: str, how: str) -> str | None:
    """Return the only one of some values."""
    different = list(dict.fromkeys(values))
    if len(different) > 1:
        raise UsageError(f"these frames have {len(different)} {what}s: {', '.join(different)}", f"choose with {how}")
    return different[0] if different else None


def colour_lines(rows: Sequence[Row]) -> list[Line]:
    """Return the colour terms of frames."""
    return [
        Line(row["colour_term"], row["colour_term_err"], row["colour_pivot"])
        for row in rows
        if row["colour_term"] is not None
    ]


def mag_lines(rows: Sequence[Row]) -> list[Line]:
    """Return the magnitude terms of frames."""
    return [Line(row["mag_term"], row["mag_term_err"], row["mag_pivot"]) for row in rows if row["mag_term"] is not None]


def surface(db: Database, rows: Sequence[Row]) -> NDArray[np.float64] | None:
    """Return the mean of the frames' spatial zero points, mag, at 61 x 61 places (row: v); None: they have none."""
    maps = [row["zp_map"] for row in rows if row["zp_map"]]
    if not maps:
        return None
    wide = np.zeros((len(maps), max(len(m) for m in maps)))
    for k, one in enumerate(maps):
        wide[k, : len(one)] = one
    mean = wide.sum(axis=0) / len(rows)
    heights = db.job("explain_surface", map=mean.tolist(), n=_SURFACE).rows
    return np.array(heights, dtype=float).reshape(_SURFACE, _SURFACE)


def size_of(rows: Sequence[Row]) -> tuple[int, int] | None:
    """Return width and height of the frames, px; None where they differ."""
    sizes = {(row["width"], row["height"]) for row in rows}
    return sizes.pop() if len(sizes) == 1 else None


@contextmanager
def counts(db: Database, row: Row) -> Iterator[Answer]:
    """Yield how many stars of a frame each cut left: columns cut, meaning, n_left, n_removed; the last line is the fit.

    Parameters
    ----------
    db : Database
        With zp_pair of this frame, as `candidates` left it.
    row : mapping
        The frame.
    """
    import pyarrow as pa

    meaning, lines = cut_words(db, row), []
    steps = zeropoint_select.count_by_cut(db, row["frame_id"]).get(_key(row), [])
    left = steps[-1].left if steps else 0
    for step in steps:
        if step.removed or step.cut in meaning or step.cut == "matched":
            lines.append((step.cut, meaning.get(step.cut, step.words), step.left, step.removed))
    held = db.one(
        "SELECT count(*) FROM zp_pair WHERE frame_id = $frame_id AND cut IS NULL AND is_held "
        "AND catalog IS NOT DISTINCT FROM $catalog AND band IS NOT DISTINCT FROM $band "
        "AND path IS NOT DISTINCT FROM $path",
        frame_id=row["frame_id"], catalog=row["catalog"], band=row["ref_band"], path=row["ref_path"],
    )  # fmt: skip
    if held:
        lines.append(("held_back", "not kept back to judge the fit", left - held, held))
    refused = left - held - row["n_star"]
    if refused > 0 and steps[0].left == row["n_candidate"]:
        lines.append(("outlier", "no outlier of the fit, nor too near the S/N cut", row["n_star"], refused))
    names = ("cut", "meaning", "n_left", "n_removed")
    table = pa.table({name: [line[k] for line in lines] for k, name in enumerate(names)})
    with db.table("explain_count", table):
        yield Answer(db, "SELECT * FROM explain_count", name="explain_count")


def _key(row: Mapping[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Return catalogue, band and path of a frame."""
    return row["catalog"], row["ref_band"], row["ref_path"]


def cut_words(db: Database, row: Row) -> dict[str, str]:
    """Return what each cut of a frame's calibration asks for, in words, in the order of the cuts.

    Parameters
    ----------
    db : Database
        With the candidates of this frame, as `candidates` left them.
    row : mapping
        The frame.
    """
    s = settings_of(row).select
    found = _range_found(db, s.snr) if s.dynamic_range else None
    return words.cut_words(s, colour=row["colour"], found=found)


def _range_found(db: Database, snr: float) -> Limits:
    """Return the useful range of magnitude of the frame whose candidates zp_measured has; None: no limit."""
    table = db.arrow(statement("jobs", "explain_range"), {"snr": snr})
    found = useful_range(*(np.asarray(table[name].to_numpy(), dtype=float) for name in ("mag", "d")))
    low, high = (float(limit) if np.isfinite(limit) else None for limit in found)
    return low, high


def limits(db: Database, row: Row) -> dict[str, Limits]:
    """Return the limits of FWHM (arcsec) and of magnitude that a frame's stars were selected by, to be drawn."""
    s = settings_of(row).select
    low, high = s.mag_lower, s.mag_upper
    if s.dynamic_range:
        brightest, faintest = _range_found(db, s.snr)
        low = max((m for m in (low, brightest) if m is not None), default=None)
        high = min((m for m in (high, faintest) if m is not None), default=None)
    return {"fwhm_range": (s.fwhm_lower, s.fwhm_upper), "mag_range": (low, high)}


def others(db: Database, row: Row) -> list[str]:
    """Return the other catalogues, bands and paths that the frame could have had, and why each was not taken."""
    options = db.job("explain_options", frame_id=row["frame_id"]).dicts()
    steps = zeropoint_select.count_by_cut(db, row["frame_id"])
    mine = next((o for o in options if (o["catalog"], o["band"], o["path"]) == _key(row)), None)
    lines = []
    for other in (o for o in options if o is not mine):
        source = source_of({**other, "ref_band": other["band"], "ref_path": other["path"]})
        worst = max(steps[other["catalog"], other["band"], other["path"]], key=lambda step: step.removed)
        most = f" (most lost: {worst.words}, {worst.removed})" if worst.removed else ""
        reason = why_not(other, mine, row, settings_of(row))
        lines.append(f"not taken   {source}: {other['n_star']} of {other['n_candidate']} stars usable{most}; {reason}")
    return lines


def differences(row: Row, stars: Candidates) -> list[str]:
    """Return in words how the stars selected now differ from those of the calibration; nothing where they agree.

    Fewer stars in the fit than were selected are its outliers and those too near the cut in signal to noise.
    """
    n = int(stars.used.sum())
    if len(stars) == row["n_candidate"] and n >= row["n_star"]:
        return []
    now, then = f"{n} of {len(stars)} stars", f"{row['n_star']} of {row['n_candidate']}"
    return [
        f"note        {now} are selected now, {then} when it was calibrated: the store, or photdb, has changed since"
    ]


def colour_of(stars: Candidates) -> str:
    """Return the colour index that the stars' colours are of.

    Raises
    ------
    CalibrationError
        If no star has a colour.
    UsageError
        If there are several indices.
    """
    if not np.isfinite(stars["colour"]).any():
        raise CalibrationError(
            f"no reference star of {source_of(stars.frames[0])} has a colour",
            "photdb refcat bands shows what a catalogue gives; --colour-term none asks for no colours",
        )
    names = [row["colour"] or stars.colours.get(row["band"]) for row in stars.frames]
    return _one([name for name in names if name], "colour index", "--frame ID or --band B") or "colour"


def steps(row: Mapping[str, Any], stars: Candidates) -> Steps:
    """Return what PP's scheme finds in a frame as it rejects one star after another, whatever the frame's method was.

    Parameters
    ----------
    row : mapping
        The frame; the least number of stars is that of its calibration when that was made with PP's scheme, else half.
    stars : Candidates
        Of this frame.

    Raises
    ------
    CalibrationError
        If the frame has too few stars for it.
    """
    usable = stars.used & np.isfinite(stars["zp"])
    n, least = int(usable.sum()), _pp_least(row)
    found = pp_scheme.solve_pp(
        stars["zp"][usable], np.nan_to_num(stars["mag_err"][usable]), stars["inst_err"][usable],
        np.zeros(n, dtype=np.int64), n_frame=1, min_stars=least,
    )  # fmt: skip
    table = found.steps
    if not len(table.n):
        raise CalibrationError(
            f"frame {row['frame_id']} has {n} star{'' if n == 1 else 's'}: PP's scheme needs {pp_scheme.TOO_FEW + 1}",
            f"photdb zeropoint --explain {row['frame_id']} says which cut took the others",
        )
    demanded = min(int(least * n) if least < 1 else int(least), pp_scheme.MOST_DEMANDED)
    return Steps(table.n, table.zp, table.sigma, table.red_chi2, int(np.flatnonzero(table.chosen)[0]), demanded)


def _pp_least(row: Mapping[str, Any]) -> float:
    """Return the least number of stars, or their share, of a frame's calibration by PP's scheme; else PP's own half."""
    least = settings_of(row).min_stars if row["method"] == "pp" else None
    return 0.5 if least is None else least
