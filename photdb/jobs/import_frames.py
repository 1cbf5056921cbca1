"""Imported rows as the store has them: frames, detections and zero points, laid out as whole columns.

A source table is one frame. Of a light curve, all rows of one time and band are one; where a star comes twice at a
time, the second is another frame. Magnitudes become fluxes with a zero point of their frame, so that a magnitude comes
out as it went in.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photdb.bands import bands
from photdb.ingest.frame_header import Site
from photdb.jobs.commit_night import frame_cells
from photdb.jobs.frame_table import match_radius
from photdb.jobs.import_rows import Imported
from photdb.magnitudes import POGSON
from photdb.sky import healpix, unit_vector
from photdb.times import barycentric

if TYPE_CHECKING:
    import polars as pl

#: Zero point of frames whose magnitudes come without one.
ZP = 25.0
#: How far a source of a table without a scale, and a point of a light curve, may be from its object, arcsec.
LOOSE_ARCSEC, STAR_ARCSEC = 2.0, 1.0
#: So far around the place of a star a frame that did not show it is said to have seen the sky, arcsec.
SEEN_ARCSEC = 10.0
#: A frame has an outline when it has so many sources.
MIN_OUTLINE = 3
#: A barycentric time that differs from ours by more than light takes to the Sun and back is none of this star, d.
_SAME_TIME = 0.02
#: A magnitude within this of its flux and zero point is that of them: nothing but rounding.
_SAME_MAG = 2e-6
_FLOATS = (
    "x",
    "y",
    "flux",
    "flux_err",
    "flux_auto",
    "flux_auto_err",
    "flux_psf",
    "flux_psf_err",
    "sky",
    "peak",
    "a",
    "b",
    "theta",
    "fwhm",
    "kron_radius",
    "flux_radius",
    "class_star",
)
_OF_FRAME = ("exptime", "airmass", "fwhm_arcsec", "limit_mag", "limit_3_mag", "zp", "zp_err", "zp_sys")


@dataclass(frozen=True, slots=True)
class Layout:
    """What is to be written of some files.

    Attributes
    ----------
    frames, detections, zeropoints
        Rows, in the columns of the store; ``detections`` also has ``object`` (the file's own name or number of it)
        and ``at_star``: its place is that of the star, not one measured in the frame.
    forced
        Forced points of our own light curves, with ``object`` as detections have it.
    limits
        Stars that a frame did not show: object, ra, dec, frame_id; how faint they would have been seen is of the frame.
    cover
        (norder, cell, frame_id).
    n_twice
        Rows that stood in a file twice.
    to_calibrate
        Frames without magnitudes of their own.
    source_frames
        frame_id -> number (as text) that the file itself gave the frame.
    """

    frames: pl.DataFrame
    detections: pl.DataFrame
    forced: pl.DataFrame
    limits: pl.DataFrame
    zeropoints: pl.DataFrame
    cover: list[tuple[int, int, int]]
    n_twice: int
    to_calibrate: list[int]
    source_frames: pl.DataFrame


def lay_out(
    files: Sequence[Imported],
    file_ids: Sequence[int],
    *,
    first_frame: int,
    run_id: int,
    known_frames: pl.DataFrame | None = None,
) -> Layout:
    """Lay imported files out as rows of the store.

    Parameters
    ----------
    files : sequence of Imported
        Each with one row at least.
    file_ids : sequence of int
        Their numbers in the store.
    first_frame : int
        The number that the first frame gets.
    run_id : int
    known_frames : polars.DataFrame, optional
        What `photdb export frame` wrote: the frames that rows name by number.
    """
    import polars as pl

    rows = _stacked(files, known_frames)
    n_before = len(rows)
    rows = rows.unique(
        subset=[
            c
            for c in ("file_no", "frame", "band", "mjd_mid", "object", "ra", "dec", "mag", "flux")
            if c in rows.columns
        ],
        maintain_order=True,
    )
    rows, keys = _numbered(rows, first_frame)
    rows = _fluxes(rows)
    frames = _frames(rows, keys, files, file_ids, run_id)
    frames, own = _as_known(frames, known_frames)
    frames = _seen_about(frames, rows)
    zeropoints, to_calibrate = _zero_points(frames, files)
    cover = [
        c
        for row in frames.filter(pl.col("corner_ra").is_not_null()).iter_rows(named=True)
        for c in frame_cells(row["frame_id"], row)
    ]
    kept = [c for c in frames.columns if c not in _LOCAL]
    curves = [i for i, f in enumerate(files) if f.mapping.kind == "lightcurve"]
    rows = rows.with_columns(pl.col("file_no").is_in(curves).alias("at_star"))
    found = _detections(rows.filter(~pl.col("is_forced") & ~pl.col("only_limit")))
    forced, limits = (
        _forced(rows.filter("is_forced")),
        rows.filter("only_limit").select("object", "ra", "dec", "frame_id"),
    )
    return Layout(
        frames.select(kept), found, forced, limits, zeropoints, cover, n_before - len(rows), to_calibrate, own
    )


#: Limits of one time are told apart by numbers from here on.
_LIMITS_FROM = 1_000_000
_LOCAL = (
    "file_no",
    "frame",
    "zp",
    "zp_err",
    "zp_sys",
    "mag_system",
    "limit_mag",
    "limit_3_mag",
    "has_mag",
    "ux",
    "uy",
    "uz",
)


def _stacked(files: Sequence[Imported], known_frames: pl.DataFrame | None) -> pl.DataFrame:
    """Return the rows of all files under each other."""
    import polars as pl

    tables = [f.rows.with_columns(pl.lit(i, pl.Int32).alias("file_no")) for i, f in enumerate(files)]
    rows = pl.concat(tables, how="diagonal_relaxed")
    missing: dict[str, Any] = {
        c: pl.Float64
        for c in (*_FLOATS, *_OF_FRAME, "mag", "mag_err", "bjd_tdb", "own_limit_mag")
        if c not in rows.columns
    }
    missing |= {c: pl.String for c in ("frame", "object", "field") if c not in rows.columns}
    missing |= {c: pl.List(pl.Float32) for c in ("aper_flux", "aper_flux_err") if c not in rows.columns}
    missing |= {c: pl.Boolean for c in ("is_forced", "only_limit") if c not in rows.columns}
    rows = rows.with_columns(pl.lit(None, kind).alias(c) for c, kind in missing.items())
    numbers = [c for c, kind in rows.schema.items() if kind.is_float()]
    rows = rows.with_columns(
        pl.col("is_forced", "only_limit").fill_null(False), *(pl.col(c).fill_nan(None) for c in numbers)
    )
    if known_frames is None or not rows["frame"].is_not_null().any():
        return rows
    times = known_frames.select(
        pl.col("frame_id").cast(pl.String).alias("frame"),
        pl.col("mjd_mid").alias("their_mjd"),
        pl.col("band").alias("their_band"),
    )
    joined = rows.join(times, on="frame", how="left", maintain_order="left")
    return joined.with_columns(
        pl.coalesce("their_mjd", "mjd_mid").alias("mjd_mid"), pl.coalesce("their_band", "band").alias("band")
    ).drop("their_mjd", "their_band")


def _numbered(rows: pl.DataFrame, first_frame: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give every row the number of its frame; return the frames with what tells them apart."""
    import polars as pl

    group = ["file_no", "frame", "band", "mjd_mid"]
    again = pl.when(pl.col("object").is_null()).then(0).otherwise(pl.int_range(pl.len()).over([*group, "object"]))
    # a limit is of its own star: each has a frame to itself
    alone = pl.int_range(pl.len()).over(group) + _LIMITS_FROM
    again = pl.when("only_limit").then(alone).otherwise(again)
    rows = rows.with_columns(again.cast(pl.Int32).alias("again"))
    keys = rows.select(*group, "again").unique(maintain_order=True).sort("file_no", "mjd_mid", "band", "frame", "again")
    keys = keys.with_columns((pl.int_range(pl.len(), dtype=pl.Int32) + first_frame).alias("frame_id"))
    numbered = rows.join(keys, on=[*group, "again"], how="left", nulls_equal=True, maintain_order="left")
    return numbered.sort("frame_id", maintain_order=True), keys


def _fluxes(rows: pl.DataFrame) -> pl.DataFrame:
    """Turn magnitudes into fluxes with the zero point of the frame, and give every frame of magnitudes a zero point."""
    import polars as pl

    calibrated = pl.col("mag_system") != "instrumental"
    known = pl.col("mag").is_not_null() | pl.col("only_limit")
    rows = rows.with_columns(known.any().over("frame_id").alias("has_mag"))
    default = pl.when(pl.col("has_mag") & calibrated).then(pl.lit(ZP)).when(pl.col("has_mag")).then(pl.lit(0.0))
    rows = rows.with_columns(pl.coalesce(pl.col("zp").drop_nulls().first().over("frame_id"), default).alias("zp"))
    of_mag = 10.0 ** (-0.4 * (pl.col("mag") - pl.col("zp")))
    implied = pl.when(pl.col("flux") > 0).then(pl.col("zp") - 2.5 * pl.col("flux").log10())
    keep = pl.col("mag").is_null() | ((implied - pl.col("mag")).abs() < _SAME_MAG).fill_null(False)
    flux = pl.when(keep).then(pl.col("flux")).otherwise(of_mag)
    err_of_mag = pl.col("mag_err") / POGSON * of_mag
    scaled = pl.col("flux_err") * of_mag / pl.col("flux")  # a spatial or magnitude term: the relative error stays
    flux_err = (
        pl.when(keep)
        .then(pl.coalesce("flux_err", pl.col("mag_err") / POGSON * pl.col("flux")))
        .otherwise(pl.coalesce(err_of_mag, pl.when(pl.col("flux") > 0).then(scaled)))
    )
    return rows.with_columns(flux.alias("flux"), flux_err.alias("flux_err"))


def _frames(
    rows: pl.DataFrame, keys: pl.DataFrame, files: Sequence[Imported], file_ids: Sequence[int], run_id: int
) -> pl.DataFrame:
    """Return the rows of frames."""
    import polars as pl

    unit = unit_vector(rows["ra"].to_numpy(), rows["dec"].to_numpy())
    rows = rows.with_columns(pl.Series(n, unit[:, i]) for i, n in enumerate(("ux", "uy", "uz")))
    first = [pl.col(c).drop_nulls().first() for c in (*_OF_FRAME, "filter", "mag_system")]
    grouped = rows.group_by("frame_id", maintain_order=True).agg(
        (~pl.col("is_forced") & ~pl.col("only_limit")).sum().cast(pl.Int32).alias("n_detections"),
        pl.len().cast(pl.Int64).alias("n_row"),
        pl.col("has_mag").first(),
        *first,
        pl.col("ux", "uy", "uz").mean(),
        pl.col("fwhm").filter(pl.col("fwhm") > 0).median().alias("fwhm_px"),
        pl.coalesce(
            pl.col("field").drop_nulls().first(),
            pl.when(pl.col("object").n_unique() == 1).then(pl.col("object").first()),
        ).alias("object_name"),
        pl.col("x").max().alias("x_max"),
        pl.col("y").max().alias("y_max"),
        (pl.col("x").var() + pl.col("y").var()).alias("spread_px"),
        pl.col("bjd_tdb").drop_nulls().first().alias("bjd_tdb"),
        pl.col("bjd_tdb").is_not_null().arg_true().first().fill_null(0).alias("bjd_of"),
    )
    frames = keys.join(grouped, on="frame_id", how="left", maintain_order="left").rename({"exptime": "exptime_s"})
    frames = _outlined(frames, rows)
    frames = _facts(frames, files, file_ids)
    frames = frames.with_columns(
        pl.int_range(pl.len(), dtype=pl.Int32).over("file_no").alias("hdu"),
        pl.lit(run_id, pl.Int32).alias("run_id"),
        pl.lit("ok").alias("state"),
        pl.lit("imported").alias("origin"),
        # a single star's points are never calibrated by each other: that would make every star constant
        pl.when(pl.col("corner_ra").is_not_null()).then(pl.lit("imported")).alias("wcs_kind"),
    )
    frames = _times(frames, rows)
    return frames.drop("again", "x_max", "y_max", "spread_px", "bjd_tdb", "bjd_of", "n_row")


def _outlined(frames: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Add centre, outline, size, pixel scale, FWHM and matching distance."""
    import polars as pl

    unit = frames.select("ux", "uy", "uz").to_numpy()
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    ra, dec = np.degrees(np.arctan2(unit[:, 1], unit[:, 0])) % 360.0, np.degrees(np.arcsin(unit[:, 2]))
    east, north = _axes(ra, dec)
    place = rows["frame_id"].to_numpy() - int(frames["frame_id"][0])
    here = rows.select("ux", "uy", "uz").to_numpy()
    depth = np.maximum(np.sum(here * unit[place], axis=1), 1e-3)
    plane = rows.select("frame_id").with_columns(
        pl.Series("xi", np.sum(here * east[place], axis=1) / depth),
        pl.Series("eta", np.sum(here * north[place], axis=1) / depth),
    )
    box = plane.group_by("frame_id", maintain_order=True).agg(
        pl.col("xi").min().alias("w"),
        pl.col("xi").max().alias("e"),
        pl.col("eta").min().alias("s"),
        pl.col("eta").max().alias("n"),
        (pl.col("xi").var() + pl.col("eta").var()).alias("spread"),
    )
    w, e, s, n, spread = (box[c].to_numpy() for c in ("w", "e", "s", "n", "spread"))
    wide = (frames["n_detections"].to_numpy() >= MIN_OUTLINE) & (np.maximum(e - w, n - s) > np.radians(10 / 3600))
    corner = np.stack(
        [unit + x[:, None] * east + y[:, None] * north for x, y in ((w, s), (e, s), (e, n), (w, n))], axis=1
    )
    corner_ra, corner_dec = _places(corner)
    spread_px = frames["spread_px"].fill_null(float("nan")).to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where(wide & (spread_px > 0), np.degrees(np.sqrt(spread / spread_px)) * 3600, np.nan)
    fwhm_px = frames["fwhm_px"].fill_null(float("nan")).to_numpy()
    reach = [
        match_radius(0.0 if np.isnan(f) else float(f), float(k))
        if np.isfinite(k)
        else (LOOSE_ARCSEC if b else STAR_ARCSEC)
        for f, k, b in zip(fwhm_px, scale, wide, strict=True)
    ]
    return frames.with_columns(
        pl.Series("ra", ra),
        pl.Series("dec", dec),
        pl.Series(
            "corner_ra",
            [r.tolist() if ok else None for r, ok in zip(corner_ra, wide, strict=True)],
            pl.List(pl.Float64),
        ),
        pl.Series(
            "corner_dec",
            [d.tolist() if ok else None for d, ok in zip(corner_dec, wide, strict=True)],
            pl.List(pl.Float64),
        ),
        pl.Series("pixel_scale_arcsec", scale).fill_nan(None),
        pl.Series("match_radius_arcsec", reach),
        (pl.when(pl.Series(np.isfinite(scale))).then(pl.col("x_max").ceil() + 1)).cast(pl.Int32).alias("width"),
        (pl.when(pl.Series(np.isfinite(scale))).then(pl.col("y_max").ceil() + 1)).cast(pl.Int32).alias("height"),
        pl.coalesce(pl.col("fwhm_arcsec"), pl.Series(fwhm_px * scale).fill_nan(None)).alias("fwhm_arcsec"),
    )


def _seen_about(frames: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Give frames that did not show a star a small outline about its place, which they saw: there they have a limit."""
    import polars as pl

    places = rows.filter("only_limit").select("frame_id", "ra", "dec")
    if not len(places):
        return frames
    margin = np.tan(np.radians(SEEN_ARCSEC / 3600))
    ra, dec = places["ra"].to_numpy(), places["dec"].to_numpy()
    unit, (east, north) = unit_vector(ra, dec), _axes(ra, dec)
    sides = ((-margin, -margin), (margin, -margin), (margin, margin), (-margin, margin))
    corner_ra, corner_dec = _places(np.stack([unit + x * east + y * north for x, y in sides], axis=1))
    seen = {"seen_ra": corner_ra, "seen_dec": corner_dec}
    outlines = places.select("frame_id", *(pl.Series(n, v.tolist(), pl.List(pl.Float64)) for n, v in seen.items()))
    frames = frames.join(outlines, on="frame_id", how="left", maintain_order="left")
    return frames.with_columns(
        pl.coalesce("corner_ra", "seen_ra").alias("corner_ra"),
        pl.coalesce("corner_dec", "seen_dec").alias("corner_dec"),
    ).drop("seen_ra", "seen_dec")


def _places(vector: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return RA and Dec (deg) of directions, shape (..., 3)."""
    unit = vector / np.linalg.norm(vector, axis=-1, keepdims=True)
    ra, dec = np.arctan2(unit[..., 1], unit[..., 0]), np.arcsin(np.clip(unit[..., 2], -1, 1))
    return np.degrees(ra) % 360.0, np.degrees(dec)


def _axes(ra: NDArray[np.float64], dec: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the directions of east and north at places, shape (n, 3)."""
    a, d = np.radians(ra), np.radians(dec)
    east = np.stack([-np.sin(a), np.cos(a), np.zeros_like(a)], axis=-1)
    north = np.stack([-np.sin(d) * np.cos(a), -np.sin(d) * np.sin(a), np.cos(d)], axis=-1)
    return east, north


def _facts(frames: pl.DataFrame, files: Sequence[Imported], file_ids: Sequence[int]) -> pl.DataFrame:
    """Add what holds for all frames of a file: where it is, what was guessed, what its name or header says."""
    import polars as pl

    facts = [
        {
            "file_no": i,
            "file_id": file_id,
            "path": str(f.path.absolute()),
            "guesses": f.guesses,
            "warnings": f.warnings,
            "settings": json.dumps({"import": f.mapping.name}),
            **f.facts,
        }
        for i, (f, file_id) in enumerate(zip(files, file_ids, strict=True))
    ]
    schema: Any = {
        "file_no": pl.Int32,
        "file_id": pl.Int32,
        "guesses": pl.List(pl.String),
        "warnings": pl.List(pl.String),
        "width": pl.Int32,
        "height": pl.Int32,
        "airmass": pl.Float64,
        "object_name": pl.String,
    }
    table = pl.DataFrame(facts, schema_overrides=schema, infer_schema_length=None)
    joined = frames.join(table, on="file_no", how="left", suffix="_of_file", maintain_order="left")
    both = [c for c in table.columns if f"{c}_of_file" in joined.columns]
    return joined.with_columns(pl.coalesce(c, f"{c}_of_file").alias(c) for c in both).drop(f"{c}_of_file" for c in both)


def _times(frames: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Add the night, TDB and the barycentric vector; BJD of the file, where it has one, comes out as it went in."""
    import polars as pl

    mjd = frames["mjd_mid"].fill_null(float("nan")).to_numpy()
    good = np.isfinite(mjd)
    jd, vector = np.full(len(frames), np.nan), np.full((len(frames), 3), np.nan)
    sites = ["site_latitude", "site_longitude", "site_height"]
    known = frames.select(sites).rows() if set(sites) <= set(frames.columns) else [(None, None, None)] * len(frames)
    for place in set(known):
        which = good & np.array([k == place for k in known])
        site = Site(None, *place) if None not in place else None
        if which.any():
            jd[which], vector[which] = barycentric(mjd[which], site)
    bjd = frames["bjd_tdb"].fill_null(float("nan")).to_numpy()
    if np.isfinite(bjd).any():
        starts = np.concatenate([[0], np.cumsum(frames["n_row"].to_numpy())[:-1]])
        towards = unit_vector(rows["ra"].to_numpy(), rows["dec"].to_numpy())[starts + frames["bjd_of"].to_numpy()]
        late = bjd - (jd + np.sum(vector * towards, axis=1))
        shift = np.where(np.abs(late) < _SAME_TIME, late, 0.0)  # the observatory's own part, which we do not know
        vector = vector + shift[:, None] * towards
    longitude = frames["site_longitude"].fill_null(0.0).to_numpy() if "site_longitude" in frames.columns else 0.0
    day = np.floor(np.where(good, mjd + np.asarray(longitude) / 360.0 - 0.5, 0)).astype(np.int64) - 40587
    night = pl.Series("night", day).cast(pl.Int32).cast(pl.Date)
    return frames.with_columns(
        pl.when(pl.Series(good)).then(night).alias("night"),
        pl.Series("jd_tdb", jd).fill_nan(None),
        *(pl.Series(f"bary_{c}", vector[:, i]).fill_nan(None) for i, c in enumerate("xyz")),
    )


def _as_known(frames: pl.DataFrame, known: pl.DataFrame | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give frames everything that an exported table of frames says of them; return also which is which."""
    import polars as pl

    own = frames.select("frame_id", "frame").filter(pl.col("frame").is_not_null())
    if known is None or not len(own):
        return frames, own
    ours = {
        "frame_id",
        "file_id",
        "hdu",
        "run_id",
        "state",
        "origin",
        "n_detections",
        "reason",
        "bias_id",
        "dark_id",
        "flat_id",
        "pattern_id",
        "path",
    }
    theirs = [c for c in known.columns if c not in ours]
    known = known.with_columns(
        pl.col(c).str.split("; ").alias(c) for c in ("guesses", "warnings") if known.schema.get(c) == pl.String
    )
    spoken = known.select(
        pl.col("frame_id").cast(pl.String).alias("frame"), *(pl.col(c).alias(f"known_{c}") for c in theirs)
    )
    joined = frames.join(spoken, on="frame", how="left", maintain_order="left")
    filled = [
        (
            pl.coalesce(_cast(f"known_{c}", spoken.schema[f"known_{c}"], frames.schema[c]), c)
            if c in frames.columns
            else pl.col(f"known_{c}")
        ).alias(c)
        for c in theirs
    ]
    return joined.with_columns(filled).drop(f"known_{c}" for c in theirs), own


def _zero_points(frames: pl.DataFrame, files: Sequence[Imported]) -> tuple[pl.DataFrame, list[int]]:
    """Return the zero points of frames that have magnitudes, and the frames that have none."""
    import polars as pl

    kinds = pl.Series([f.mapping.kind == "lightcurve" for f in files])
    curve = kinds.gather(frames["file_no"].cast(pl.UInt32))
    calibrated = (frames["mag_system"] != "instrumental").fill_null(False)
    given = calibrated | curve
    zp = frames["zp"]
    # fluxes of a light curve that nobody calibrated: their zero point is 0, and they say that they are instrumental
    raw = (
        curve
        & zp.is_null()
        & pl.Series([f.mapping.name != "photdb_lightcurve" for f in files]).gather(frames["file_no"].cast(pl.UInt32))
    )
    zp = zp.zip_with(~raw, pl.Series([0.0] * len(zp)))
    offset = [_ab_offset(s, b) for s, b in zip(frames["mag_system"], frames["band"], strict=True)]
    table = frames.select(
        "frame_id",
        pl.lit(0, pl.Int32).alias("aperture_id"),
        zp.alias("zp"),
        "zp_err",
        "zp_sys",
        "limit_mag",
        "limit_3_mag",
        pl.col("mag_system").fill_null("instrumental"),
        pl.Series("ab_offset", offset, pl.Float64),
        pl.lit(0, pl.Int32).alias("n_star"),
        pl.lit(0, pl.Int32).alias("n_candidate"),
        pl.lit(0, pl.Int32).alias("flag"),
        pl.lit("imported: magnitudes as the file has them").alias("reason"),
    )
    left = frames.filter(~given)["frame_id"].to_list()
    return table.filter(given & zp.is_not_null()), left


def _cast(name: str, kind: Any, wanted: Any) -> pl.Expr:
    """Return a column as another type; what cannot be is NULL."""
    import polars as pl

    if kind == pl.String and wanted == pl.Date:
        return pl.col(name).str.to_date("%Y-%m-%d", strict=False)
    return pl.col(name).cast(wanted, strict=False)


def tidy(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table of ours that came through another format: what stood for NULL there is NULL again."""
    import polars as pl

    done = []
    for name, kind in table.schema.items():
        column = pl.col(name)
        if kind.is_float():
            done.append(column.fill_nan(None))
        elif kind == pl.String:
            done.append(pl.when(column.str.len_chars() > 0).then(column).alias(name))
        elif isinstance(kind, pl.List) and kind.inner == pl.Null:  # empty in every row
            done.append(pl.lit(None, pl.List(pl.Float64)).alias(name))
        elif isinstance(kind, pl.List) and kind.inner.is_float():
            some = column.list.eval(pl.element().fill_nan(None))
            done.append(pl.when(some.list.drop_nulls().list.len() > 0).then(some).alias(name))
    return table.with_columns(done)


def _ab_offset(system: str | None, band: str) -> float | None:
    """Return m_AB - m of magnitudes in a system: 0 of AB ones; nobody says what it is of Vega ones."""
    return 0.0 if system == "AB" and (band not in bands() or bands()[band].system != "none") else None


def _forced(rows: pl.DataFrame) -> pl.DataFrame:
    """Return forced points; their noise is what their limit and the zero point of the frame say."""
    import polars as pl

    noise = 10.0 ** (-0.4 * (pl.col("own_limit_mag") - pl.col("zp"))) / 5
    return rows.select(
        "frame_id",
        "object",
        "ra",
        "dec",
        *(pl.col(c).cast(pl.Float32) for c in ("x", "y", "flux", "flux_err", "sky")),
        noise.cast(pl.Float32).alias("noise"),
        pl.col("flags").cast(pl.Int32),
    )


def _detections(rows: pl.DataFrame) -> pl.DataFrame:
    """Return detections in the columns that workers leave in staging."""
    import polars as pl

    ra, dec = rows["ra"].to_numpy(), rows["dec"].to_numpy()
    place = pl.int_range(pl.len(), dtype=pl.Int32)
    return rows.select(
        pl.col("frame_id").cast(pl.String).alias("frame_key"),
        place.over("frame_id").alias("source"),
        "ra",
        "dec",
        pl.Series("hpx", healpix(ra % 360.0, dec)),
        *(pl.col(c).cast(pl.Float32) for c in _FLOATS if c not in "xy"),
        *(pl.col(c).cast(pl.Float32).fill_null(float("nan")) for c in "xy"),
        "aper_flux",
        "aper_flux_err",
        pl.col("flags").cast(pl.Int32),
        "frame_id",
        "object",
        "at_star",
    )
