"""``photdb demo``: simulate a small night, ingest it, and compare the light curves with the truth."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from photdb.errors import CalibrationError, UsageError
from photdb.jobs.ingest import ingest
from photdb.jobs.refcat import add
from photdb.jobs.simulate import MARKER, Simulated, simulate, stars_of
from photdb.jobs.simulate_setup import Setup
from photdb.magnitudes import POGSON
from photdb.sky import unit_vector
from photdb.store.database import statement

if TYPE_CHECKING:
    import polars as pl

#: The night: 40 frames of one band with one eclipse and one variable, thin cloud, a meridian flip, no WCS.
NIGHT = Setup(
    frames=40, size=512, hours=5.0, exptime=90.0, stars=300, variables=1, period=(0.16, 0.19), amplitude=0.25,
    eclipses=1, eclipse_depth=0.08, eclipse_hours=2.2, clouds=0.05, colour_terms=0.3, catalog_noise=0.01, fwhm=4.8,
    object_name="photdb demo",
)  # fmt: skip
STORE, PLOT = "photdb.duckdb", "demo.png"
#: A true star and an object are the same within this, arcsec.
SAME_ARCSEC = 1.5
#: Fluxes of stars with a neighbour this near are not compared, arcsec.
ALONE_ARCSEC = 15.0


@dataclass(frozen=True, slots=True)
class Score:
    """How well magnitudes were recovered.

    Attributes
    ----------
    what
        The star, or the kind of stars.
    ra, dec
        deg; None for many stars.
    n, n_true
        Points found, points that there were.
    bias, scatter
        Median and robust standard deviation of found minus true, mag (of many stars: about each star's own median).
    pull
        Robust standard deviation in units of the errors: 1 when they are right.
    """

    what: str
    ra: float | None
    dec: float | None
    n: int
    n_true: int
    bias: float
    scatter: float
    pull: float


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo found.

    Attributes
    ----------
    folder, store, plot
        Where everything is.
    scores
        Of the eclipsed star, the variable, and the constant stars by signal to noise.
    position_arcsec
        Median distance of objects above S/N 50 from their true places.
    zp_scatter, zp_loss
        Rms of the frames' zero points about the truth, mag; light outside the aperture by their mean, mag.
    n_frames, n_frames_ok
        Frames simulated, frames measured.
    """

    folder: Path
    store: Path
    plot: Path
    scores: tuple[Score, ...]
    position_arcsec: float
    zp_scatter: float
    zp_loss: float
    n_frames: int
    n_frames_ok: int


def demo(folder: str | Path, *, seed: int = 1, workers: int | None = None) -> Demo:
    """Simulate, ingest and compare.

    Parameters
    ----------
    folder : path
        New, empty, or holding an earlier demo, which is replaced.
    seed : int, default=1
        Of the simulation.
    workers : int, optional
        Processes.

    Raises
    ------
    UsageError
        If the folder holds something else.
    CalibrationError
        If the night could not be calibrated, so that there is nothing to compare.
    """
    folder = Path(folder)
    setup = replace(NIGHT, seed=seed)
    store = folder / STORE
    _remove_store(folder, store)
    made = simulate(folder, setup)
    add(made.catalog, "gaiaxp", store=store)
    done = ingest(list(made.nights), store=store, workers=workers)
    pairs, position = compare(made, store)
    zp_scatter, zp_loss = _zero_points(pairs)
    plot = folder / PLOT
    draw(pairs, setup, plot)
    return Demo(
        folder=folder, store=store, plot=plot, scores=tuple(scores(pairs)), position_arcsec=position,
        zp_scatter=zp_scatter, zp_loss=zp_loss, n_frames=made.n_lights, n_frames_ok=done.n_ok,
    )  # fmt: skip


def _remove_store(folder: Path, store: Path) -> None:
    """Remove the store of an earlier demo, never another one."""
    files = folder / f"{store.stem}.files"
    if (store.exists() or files.exists()) and not (folder / MARKER).exists():
        raise UsageError(f"{folder} holds a store that no demo has written", "name another folder: photdb demo DIR")
    for path in folder.glob(f"{STORE}*"):
        path.unlink()
    if files.exists():
        shutil.rmtree(files)


def compare(made: Simulated, store: Path) -> tuple[pl.DataFrame, float]:
    """Return found beside true, one row per true point, and the median position error of stars above S/N 50, arcsec.

    Found columns (``found``, ``mag_err``, ``zp`` ...) are NULL where a star was not detected.
    """
    import polars as pl
    from scipy.spatial import KDTree

    from photdb.query import connect

    with connect(store) as db:
        got = db.sql(statement("queries", "demo_points"))
    truth, stars, frames = (pl.read_csv(path) for path in (made.lightcurves, made.stars, made.frames))
    places = truth.group_by("id").agg(pl.col("ra", "dec").median()).sort("id")
    objects = got.unique("object_id").sort("object_id")
    at, known = unit_vector(places["ra"], places["dec"]), unit_vector(objects["ra"], objects["dec"])
    distance, which = KDTree(known).query(at)
    same = np.degrees(distance) * 3600.0 < SAME_ARCSEC
    near = np.degrees(KDTree(at).query(at, k=2)[0][:, 1]) * 3600.0
    known_ids = places["id"].to_numpy()
    places = places.select(
        "id", pl.Series("object_id", objects["object_id"].to_numpy()[which]), pl.Series("alone", near > ALONE_ARCSEC)
    ).filter(pl.Series(same))
    got = got.with_columns(file=pl.col("path").str.extract(r"(night-\d+/[^/]+)$")).rename({"mag": "found"})
    pairs = (
        truth.join(stars.select("id", "kind"), on="id")
        .join(places, on="id", how="left")
        .join(frames.select("file", zp_true="zp"), on="file")
        .join(got.drop("ra", "dec", "mjd_mid", "path", "flux"), on=["object_id", "file"], how="left")
    )
    if not pairs["found"].is_finite().any():
        raise CalibrationError("no detection of the demo has a calibrated magnitude", "photdb frames lists the reasons")
    bright = pairs.filter(pl.col("mag_err") < float(POGSON) / 50.0)["id"].unique()
    off = np.degrees(distance[same & pl.Series(known_ids).is_in(bright.implode()).to_numpy()]) * 3600.0
    return pairs, float(np.median(off)) if off.size else float("nan")


def _robust(values: NDArray[np.float64]) -> float:
    """Return the standard deviation from the median absolute deviation."""
    return float(1.4826 * np.median(np.abs(values - np.median(values)))) if values.size else float("nan")


def _score(what: str, rows: pl.DataFrame, *, one: bool) -> Score:
    """Compare the magnitudes of one star, or of many, each about its own median."""
    import polars as pl

    good = rows.filter(pl.col("found").is_finite()).with_columns(off=pl.col("found") - pl.col("mag"))
    good = good.with_columns(left=pl.col("off") - pl.col("off").median().over("id"))
    left = good["left"].to_numpy()
    error = np.hypot(good["mag_err"].to_numpy(), good["zp_err"].fill_null(0.0).to_numpy())
    ra, dec = (float(rows["ra"][0]), float(rows["dec"][0])) if one else (None, None)
    bias = float(good["off"].median()) if good.height else float("nan")  # type: ignore[arg-type]
    return Score(what, ra, dec, good.height, rows.height, bias, _robust(left), _robust(left / error))


def scores(pairs: pl.DataFrame) -> list[Score]:
    """Return the scores of the stars that vary and, by signal to noise, of those that do not."""
    import polars as pl

    out = []
    for kind, what in (("eclipse", "eclipsed star"), ("sine", "variable star")):
        for _, rows in pairs.filter(pl.col("kind") == kind).group_by("id", maintain_order=True):
            out.append(_score(what, rows, one=True))
    steady = pairs.filter((pl.col("kind") == "star") & pl.col("alone") & ~pl.col("saturated"))
    steady = steady.filter(pl.col("flags").is_null() | (pl.col("flags") & 12 == 0))
    snr = (float(POGSON) / pl.col("mag_err")).median().over("id")
    for low, high, what in ((200.0, np.inf, "above 200"), (50.0, 200.0, "50 to 200"), (12.0, 50.0, "12 to 50")):
        rows = steady.filter((snr >= low) & (snr < high))
        if rows.height:
            out.append(_score(f"{rows['id'].n_unique()} steady stars, S/N {what}", rows, one=False))
    return out


def _zero_points(pairs: pl.DataFrame) -> tuple[float, float]:
    """Return the rms of the frames' zero points about the truth, and the mean light lost outside the aperture."""
    import polars as pl

    frames = pairs.filter(pl.col("zp").is_not_null()).unique("file")
    off = (frames["zp_true"] - frames["zp"]).to_numpy()
    return float(np.std(off)), float(np.mean(off))


def draw(pairs: pl.DataFrame, setup: Setup, path: Path) -> None:
    """Draw the light curves of the stars that vary: points with their errors over the true curve."""
    import polars as pl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    field = stars_of(setup)
    varying = pairs.filter(pl.col("kind").is_in(["eclipse", "sine", "sawtooth"]))
    ids = varying["id"].unique(maintain_order=True).sort().to_list()
    begin, end = varying["mjd_mid"].min(), varying["mjd_mid"].max()
    grid: Any = np.linspace(begin, end, 600)  # type: ignore[arg-type]
    figure = Figure(figsize=(9, 2.9 * len(ids) + 0.6), layout="constrained", dpi=130)
    FigureCanvasAgg(figure)
    for ax, star in zip(figure.subplots(len(ids), 1, sharex=True, squeeze=False)[:, 0], ids, strict=True):
        rows = varying.filter((pl.col("id") == star) & pl.col("found").is_finite())
        day = np.floor(float(grid[0]))
        true = [field.magnitudes(setup.bands[0], t)[star] for t in grid]
        ax.plot((grid - day) * 24, true, color="#D55E00", lw=1.5, label="true")
        ax.errorbar(
            (rows["mjd_mid"] - day) * 24, rows["found"], yerr=rows["mag_err"], fmt="o", ms=4, lw=1, color="#0072B2",
            label="photdb",
        )  # fmt: skip
        ax.invert_yaxis()
        ax.set_ylabel(f"{setup.bands[0]} (AB mag)")
        ax.set_title(f"{field.kind[star]} · {rows['ra'][0]:.5f} {rows['dec'][0]:+.5f}", fontsize=10, loc="left")
        ax.legend(frameon=False)
    ax.set_xlabel(f"hours after MJD {day:.0f} (UTC)")
    figure.savefig(path)
