"""What varies: statistics, variables, period."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photdb.cli import console, tables
from photdb.cli.options import AsCalibration, Db, Format, Output, Overwrite, Radius
from photdb.config import store_path
from photdb.errors import NotFoundError, UsageError
from photdb.store.answer import Answer, select
from photdb.store.database import Database

if TYPE_CHECKING:
    from photdb.jobs.statistics_variables import Candidate, Ranked


def statistics(
    everything: Annotated[
        bool, typer.Option("--all", help="Count everything anew instead of what is new or changed.")
    ] = False,
    robust: Annotated[
        bool, typer.Option("--robust", help="Also medians, percentiles, Stetson's and von Neumann's statistics.")
    ] = False,
    db: Db = None,
) -> None:
    """Bring the statistics of every object up to date.

    Every ingest does so by itself; after `photdb zeropoint activate` they are those of the calibration before until
    this command or the next ingest (`photdb variables` notices, and counts for itself). They are in the view
    object_statistics.

    Example: photdb statistics --robust

    Example: photdb sql "SELECT * FROM object_statistics WHERE n > 20 ORDER BY chi2_dof DESC LIMIT 20"
    """
    from photdb.jobs.statistics import update_statistics
    from photdb.jobs.statistics_points import write_robust
    from photdb.jobs.writer import writing

    path = store_path(db)
    _refuse_missing(path)
    with writing(path) as store, store.run("statistics", {"all": everything, "robust": robust}):
        console.note(update_statistics(store, everything=everything).line())
        if robust:
            console.note(f"robust statistics of {write_robust(store)} objects and bands")


def _refuse_missing(path: Path) -> None:
    """Refuse a store that is not there; its door says how to make one."""
    with Database.open(path):
        pass


def variables(
    band: Annotated[str | None, typer.Option(metavar="NAME", help="One band only.")] = None,
    min_points: Annotated[int, typer.Option(metavar="N", help="Points that count, at least.")] = 5,
    sigma: Annotated[
        float, typer.Option(metavar="N", help="How far the scatter must be above that of stars of the same brightness.")
    ] = 5.0,
    night: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only points of this night, beside stars of this night.")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(metavar="SQL", help='Only candidates for which this holds, as "mag < 15 AND vsx_name IS NULL".'),
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="At most so many rows.")] = None,
    vsx: Annotated[
        bool,
        typer.Option(
            "--vsx", help="The variables that VSX knows in the frames instead, detected or not, with their objects."
        ),
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw scatter against magnitude: .png, .pdf or .svg.")
    ] = None,
    calibration: AsCalibration = None,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """List candidates for variable stars, with the reasons.

    Scatter in flux is compared with that of stars of the same brightness in the same band and part of the sky: of all
    points, within nights, and from night to night. Something else must agree with it, and one bad point is not enough.
    Saturated points, and those at the edge, on bad pixels or cosmic rays, do not count.

    Example: photdb variables --min-points 20 --plot scatter.png

    Example: photdb variables --night 2025-11-18 --where "excess > 8" --format csv

    Example: photdb variables --vsx --where "n_detected > 0"
    """
    from photdb.jobs import statistics_variables as job

    _refuse_numbers(min_points, sigma, limit)
    _refuse_files(output, plot, overwrite=overwrite)
    if vsx:
        _refuse_more_than_vsx(min_points, sigma, plot, calibration)
        _show_known(store_path(db), night=night, band=band, where=where, limit=limit, format=format, output=output,
                    overwrite=overwrite)  # fmt: skip
        return
    with Database.open(store_path(db), calibration=calibration) as store:
        _say_stale(store, calibration)
        with job.counted(store, night=night):
            ranked = job.rank(store, band=band, min_points=min_points)
            found = job.candidates(store, ranked, sigma=sigma)
        with _answer(store, ranked, found, where, limit) as answer:
            n = tables.show(answer, format=format, output=output, overwrite=overwrite)
        console.note(f"{n} rows of {len(ranked)} objects and bands with {min_points} points or more")
        if plot is not None:
            _draw_scatter(ranked, found, plot, sigma=sigma)


def _refuse_more_than_vsx(min_points: int, sigma: float, plot: Path | None, calibration: int | None) -> None:
    """Refuse options of the search for candidates where VSX's stars are asked for."""
    given = {"--min-points": min_points != 5, "--sigma": sigma != 5.0, "--plot": plot is not None}
    for name in (n for n, is_given in (given | {"--as": calibration is not None}).items() if is_given):
        raise UsageError(f"{name} and --vsx", f"--vsx lists what VSX knows, whatever it did here; leave out {name}")


def _show_known(path: Path, *, format: str | None, output: Path | None, overwrite: bool, **which: Any) -> None:
    """Print the variables that VSX knows in the frames."""
    from photdb.asking.known_variables import known_variables

    with Database.open(path) as store:
        answer, note = known_variables(store, **which)
        n = tables.show(answer, format=format, output=output, overwrite=overwrite)
        console.note(f"{n} variable star{'s' * (n != 1)} of VSX in the frames")
        if note:
            console.note(note)


def _refuse_numbers(min_points: int, sigma: float, limit: int | None) -> None:
    """Refuse numbers that mean nothing."""
    if min_points < 3:
        raise UsageError(
            f"--min-points {min_points}: fewer than 3 points have no scatter to speak of", "give 3 or more"
        )
    if not sigma > 0:
        raise UsageError(f"--sigma {sigma:g} is not above 0", "the default is 5")
    if limit is not None and limit < 1:
        raise UsageError(f"--limit {limit} is not a number of rows", "give 1 or more")


def _refuse_files(output: Path | None, plot: Path | None, *, overwrite: bool) -> None:
    """Refuse what is there already and what names no picture, before anything is counted."""
    for path in filter(None, (output, plot)):
        tables.refuse_existing(path, overwrite=overwrite)
    if plot is not None:
        from photdb.output.plot_style import refuse_unknown

        refuse_unknown(plot)


def _say_stale(store: Database, calibration: int | None) -> None:
    """Say when the stored statistics are not those of the zero points asked for."""
    from photdb.jobs.statistics import n_stale

    n = n_stale(store)
    if n and calibration is None:
        frames = f"{n} frame{'s' * (n != 1)}"
        console.note(
            f"the stored statistics lack the present zero points of {frames}: counted for this answer alone; "
            "`photdb statistics` brings them up to date"
        )


@contextmanager
def _answer(
    store: Database, ranked: Ranked, found: list[Candidate], where: str | None, limit: int | None
) -> Iterator[Answer]:
    """Yield the candidates as an answer."""
    with store.table("variable", _table(ranked, found)):
        condition = f" WHERE ({where}\n)" if where else ""
        most = f" LIMIT {int(limit)}" if limit else ""
        chosen = select(store, f"SELECT * FROM variable{condition} ORDER BY excess DESC, object_id, band{most}")
        yield Answer(store, chosen.sql, name="variable")


def _table(ranked: Ranked, found: list[Candidate]) -> Any:
    """Return the candidates as an Arrow table."""
    import pyarrow as pa

    rows = [c.row for c in found]
    m = ranked.moments

    def taken(values: Any) -> Any:
        return pa.array([values[i] for i in rows], from_pandas=True)

    def words(name: str) -> Any:
        return pa.array([ranked.columns[name][i] for i in rows], pa.string())

    def numbers(name: str) -> Any:
        return pa.array([float(getattr(c, name)) for c in found], pa.float64(), from_pandas=True)

    whole = {k: pa.array([int(ranked.columns[k][i]) for i in rows], pa.int64()) for k in ("object_id",)}
    return pa.table(
        {
            **whole,
            "name": words("name"),
            "ra": pa.array([float(ranked.columns["ra"][i]) for i in rows], pa.float64()),
            "dec": pa.array([float(ranked.columns["dec"][i]) for i in rows], pa.float64()),
            "band": words("band"),
            "mag": taken(m.mag).cast(pa.float64()),
            "mag_system": words("mag_system"),
            "n": taken(m.n).cast(pa.int64()),
            "n_night": taken(m.n_night).cast(pa.int64()),
            "rms_mag": taken(m.rms).cast(pa.float64()),
            "usual_rms": taken(ranked.usual["all"]).cast(pa.float64()),
            "excess": numbers("score"),
            "excess_all": taken(ranked.excess["all"]).cast(pa.float64()),
            "excess_within": taken(ranked.excess["within"]).cast(pa.float64()),
            "excess_nights": taken(ranked.excess["nights"]).cast(pa.float64()),
            "chi2_dof": taken(m.chi2_dof).cast(pa.float64()),
            "amplitude": numbers("amplitude"),
            "von_neumann": numbers("von_neumann"),
            "stetson_j": numbers("stetson_j"),
            "vsx_name": words("vsx_name"),
            "reasons": pa.array(["; ".join(c.reasons) for c in found], pa.string()),
            "warnings": pa.array(["; ".join(c.warnings) or None for c in found], pa.string()),
            "cal_low": pa.array([int(ranked.columns["cal_low"][i]) for i in rows], pa.int32()),
            "cal_high": pa.array([int(ranked.columns["cal_high"][i]) for i in rows], pa.int32()),
        }
    )


def _draw_scatter(ranked: Ranked, found: list[Candidate], path: Path, *, sigma: float) -> None:
    """Draw scatter against magnitude."""
    from photdb.output.formats import appearing
    from photdb.output.plot_variables import Star, draw_scatter

    m, named = ranked.moments, {c.row: c for c in found}
    names = ranked.columns
    stars = [
        Star(
            band=f"{names['band'][i] or 'no band'} ({names['mag_system'][i]})",
            mag=float(m.mag[i]),
            rms=float(m.rms[i]),
            usual=float(ranked.usual["all"][i]),
            label=str(names["vsx_name"][i] or names["name"][i]) if i in named else None,
        )
        for i in range(len(ranked))
    ]
    with appearing(path) as temporary:
        draw_scatter(stars, temporary, sigma=sigma)
    console.note(f"drawn in {path}")


def period(
    where: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME | RA DEC]", help="A star's name, or a position: degrees or sexagesimal."),
    ] = None,
    object_id: Annotated[int | None, typer.Option("--object", metavar="ID", help="The object's number.")] = None,
    radius: Radius = None,
    band: Annotated[str | None, typer.Option(metavar="NAME", help="One band only (default: all together).")] = None,
    method: Annotated[
        str, typer.Option(metavar="NAME", help="ls: sines (Lomb-Scargle); bls: boxes, for eclipses and transits.")
    ] = "ls",
    shortest: Annotated[float | None, typer.Option("--min", metavar="DAYS", help="Shortest period looked for.")] = None,
    longest: Annotated[float | None, typer.Option("--max", metavar="DAYS", help="Longest period looked for.")] = None,
    terms: Annotated[int, typer.Option(metavar="N", help="ls: the sine and its harmonics up to this one.")] = 1,
    peaks: Annotated[int, typer.Option(metavar="N", help="How many periods to list.")] = 5,
    reduced: Annotated[
        bool,
        typer.Option(
            "--reduced", help="Of a moving target: reduced magnitudes at the times when the light left the target."
        ),
    ] = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw periodogram, window and phased points: .png, .pdf, .svg.")
    ] = None,
    calibration: AsCalibration = None,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """Search a star's points for its period; name the aliases.

    The best periods with their errors, the probability that noise has such a peak, and what each may be the echo of:
    nights are a day apart, so that 1/P + 1 /d often fits as well as 1/P. alias says so; empty: it is none.

    Example: photdb period "AG Peg" --min 0.2 --max 2 --plot period.png

    Example: photdb period 31.0428 46.6879 --method bls --min 1 --max 5
    """
    from photdb import query
    from photdb.jobs import statistics_period as job

    _refuse_search(where, object_id, terms, peaks)
    _refuse_files(output, plot, overwrite=overwrite)
    with Database.open(store_path(db), calibration=calibration) as store:
        star = (
            query.object_by_id(store, object_id)
            if object_id is not None
            else query.resolve(store, where or [], radius=radius)
        )
        console.note(f"{star.name}{f' ({star.label})' if star.label else ''}, object {star.object_id}")
        found = job.search(
            store, star.object_id, band=band, method=method, shortest=shortest, longest=longest, terms=terms,
            most=peaks, reduced=reduced,
        )  # fmt: skip
        for line in job.lines(found):
            console.note(line)
        with _peaks(store, job.rows(found)) as answer:
            tables.show(answer, format=format, output=output, overwrite=overwrite)
        if plot is not None:
            _draw_period(found, plot, " · ".join(w for w in (star.label, star.name) if w))


def _refuse_search(where: list[str] | None, object_id: int | None, terms: int, peaks: int) -> None:
    """Refuse a search that was put wrongly."""
    if bool(where) == (object_id is not None):
        raise UsageError("give a name, RA and DEC, or --object ID", "as photdb period 41.58 -30.27")
    if not 1 <= terms <= 10:
        raise UsageError(f"--terms {terms} is not between 1 and 10")
    if not 1 <= peaks <= 100:
        raise UsageError(f"--peaks {peaks} is not between 1 and 100")


@contextmanager
def _peaks(store: Database, rows: list[dict[str, Any]]) -> Iterator[Answer]:
    """Yield the peaks as an answer."""
    import pyarrow as pa

    kinds = {name: pa.string() if name == "alias" else pa.float64() for name in rows[0]}
    table = pa.table({name: pa.array([r[name] for r in rows], kind) for name, kind in kinds.items()})
    with store.table("period_peak", table):
        yield Answer(store, "SELECT * FROM period_peak", name="period")


def _draw_period(found: Any, path: Path, title: str) -> None:
    """Draw a periodogram, its window, and the phased points."""
    from photdb.output.formats import appearing
    from photdb.output.plot_period import draw_period

    p = found.periodogram
    with appearing(path) as temporary:
        draw_period(p, found.data, temporary, title=title, zero=found.zero, time=found.time)
    console.note(f"drawn in {path}")


def draw_phased(points: list[dict[str, Any]], path: Path, *, title: str, period: float, epoch: float | None) -> None:
    """Draw a light curve over its phase (``photdb lightcurve --phase PERIOD``).

    Raises
    ------
    NotFoundError
        If no point has a magnitude.
    """
    from photdb.output.formats import appearing
    from photdb.output.plot_period import draw_curve

    drawn = [p for p in points if p["mag"] is not None]
    if not drawn:
        raise NotFoundError("no point has a magnitude", "photdb zeropoint calibrates frames")
    with appearing(path) as temporary:
        draw_curve(drawn, temporary, title=title, period=period, epoch=epoch)
    console.note(f"drawn in {path}")
