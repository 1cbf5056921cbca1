"""Questions about stars: lightcurve, cone, objects, sql."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated

import typer

from photdb import query
from photdb.asking.finding import target_alone
from photdb.asking.moving import Rejection, drawable, extended, moving_target, rejected_in_words
from photdb.cli import console, tables
from photdb.cli.options import AsCalibration, ColourCorrected, Db, Format, Online, Output, Overwrite, Radius
from photdb.config import store_path
from photdb.errors import NotFoundError, UsageError
from photdb.store.answer import Answer, select
from photdb.store.database import Database


def lightcurve(
    where: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME | RA DEC]", help="A target's or object's name, or a position: degrees or sexagesimal."
        ),
    ] = None,
    object_id: Annotated[int | None, typer.Option("--object", metavar="ID", help="The object's number.")] = None,
    radius: Radius = None,
    online: Online = False,
    targets: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Of every target of a CSV: ra and dec in any notation, name, or object_id."),
    ] = None,
    band: Annotated[str | None, typer.Option(metavar="NAME", help="One band only.")] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="MJD, JD or ISO date (UTC); earlier points are left out."),
    ] = None,
    stop: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="MJD, JD or ISO date (UTC); a day is taken whole.")
    ] = None,
    no_flags: Annotated[bool, typer.Option("--no-flags", help="Only points without any flag.")] = False,
    flags: Annotated[
        str | None,
        typer.Option(
            metavar="MASK",
            help="Leave out points with any of these flags: a sum of bits, or names: saturated,truncated.",
        ),
    ] = None,
    aperture_id: Annotated[
        int, typer.Option(metavar="ID", help="Aperture of the flux: 0 primary, -1 auto, else one of table aperture.")
    ] = 0,
    aperture: Annotated[
        str | None,
        typer.Option(
            "--aperture",
            metavar="NAME",
            help="The same by its name: primary, auto, psf, whole (a target's ellipse), 5arcsec, 2fwhm (diameter).",
        ),
    ] = None,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            metavar="KIND",
            help="Which points: all (detected, and forced where a frame has no detection), detected, or forced (also "
            "where a frame has a detection).",
        ),
    ] = "all",
    sigma: Annotated[
        float | None,
        typer.Option(
            "--sigma",
            metavar="3|5",
            help="A forced point below so many times its noise is a limit: column is_limit, triangles of --plot "
            "(default: 5).",
        ),
    ] = None,
    limits: Annotated[
        bool,
        typer.Option(
            "--limits",
            help="Also a row of kind limit for every frame that saw the place, did not detect the star and has no "
            "forced point.",
        ),
    ] = False,
    coadd: Annotated[
        str | None,
        typer.Option(
            "--coadd",
            metavar="night|all",
            help="The weighted mean of the fluxes instead of the points, by band and night or of all nights: for a "
            "star that no single frame shows.",
        ),
    ] = None,
    colour_corrected: ColourCorrected = False,
    all_columns: Annotated[bool, typer.Option("--all-columns", help=f"Also {', '.join(query.MORE_COLUMNS)}.")] = False,
    columns: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Only these columns, as mjd_mid,mag,mag_err.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it: .png, .pdf or .svg.")] = None,
    flux: Annotated[bool, typer.Option("--flux", help="With --plot: flux instead of magnitudes.")] = False,
    phase: Annotated[
        float | None, typer.Option("--phase", metavar="DAYS", help="With --plot: over the phase of this period.")
    ] = None,
    epoch: Annotated[
        float | None,
        typer.Option("--epoch", metavar="DATE", help="With --phase: BJD or MJD of phase 0 (default: the first point)."),
    ] = None,
    reject: Annotated[
        str | None,
        typer.Option(
            "--reject",
            metavar="SCHEMAS",
            help="Of a moving target: which points are marked as rejected: none, pos (default), pos=3, flags, sigma, "
            "mag, star; several with commas.",
        ),
    ] = None,
    reduced: Annotated[
        bool,
        typer.Option(
            "--reduced",
            help="With --plot, of a moving target: reduced magnitudes over the time when the light left the target.",
        ),
    ] = False,
    calibration: AsCalibration = None,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """Print or plot the light curve of a position, a target or an object.

    Calibrated with the zero points in use; mag_system says what the magnitudes are worth. A flux that is not positive
    has no magnitude.

    kind says how a point was measured: detected, or forced at a given place (`photdb forced`) where the frame has no
    detection. limit_mag is 5 times the noise whatever --sigma says; limit_3_mag is 3 times.

    Examples: photdb lightcurve 41.58 -30.27; photdb lc 02:04:10.3 +46:41:16 --plot star.png; photdb lc AG Peg --band V

    A moving target has more columns: where it was predicted and found, the distance of the two in arcsec, distances
    from Sun and observer, phase angle, reduced magnitude, when the light left it, and why a point is rejected.

    Example: photdb lightcurve --targets list.csv --output curves.parquet

    Example: photdb lightcurve "SN 2026abc" --sigma 3 --plot sn.png

    Example: photdb lightcurve "SN 2026abc" --kind forced --coadd night

    Example: photdb lightcurve "(5945) Roachapproach" --reject pos=3,star --plot 5945.png
    """
    for path in filter(None, (output, plot)):
        tables.refuse_existing(path, overwrite=overwrite)
    _refuse_phase(phase, epoch, plot, flux=flux)
    rejection = Rejection.of(reject)
    if reduced and (plot is None or flux):
        raise UsageError("--reduced is for --plot, and of magnitudes", "add --plot asteroid.png, leave out --flux")
    choice = _Choice(
        band, start, stop, _mask(flags, no_flags), aperture_id, kind, sigma, colour_corrected,
        all_columns or _asks_for_more(columns), limits, tuple(_names(columns or "")),
    )  # fmt: skip
    _refuse_kind(kind, sigma)
    if coadd is not None and (targets is not None or plot is not None or limits):
        raise UsageError("--coadd is of one light curve's fluxes", "leave --targets, --plot and --limits away")
    if targets is not None:
        if where or object_id is not None or plot is not None:
            raise UsageError("--targets goes without a name, a position, --object and --plot", "the file has them all")
        with Database.open(store_path(db), calibration=calibration) as store:
            choice = choice.in_aperture(store, aperture)
            _many(store, targets, choice, radius, format=format, output=output, overwrite=overwrite)
            say_calibration(store, calibration)
        return
    with Database.open(store_path(db), calibration=calibration) as store:
        found = _found_or_place(store, where or [], object_id, radius, online=online or None, limits=limits)
        choice = choice.in_aperture(store, aperture)
        choice = choice if coadd is None else replace(choice, all_columns=True)
        curve = _with_path(store, choice.ask(store, found), found, rejection, asked=reject is not None or reduced)
        _say_what(found)
        if coadd is not None:
            _coadded(curve, coadd, found, choice, format=format, output=output, overwrite=overwrite)
            say_calibration(store, calibration, [found.object_id])
            return

        def drawn() -> None:
            if plot is not None:
                whole = curve
                if not choice.all_columns:
                    whole = _with_path(store, replace(choice, all_columns=True).ask(store, found), found, rejection)
                _plot(whole, found, plot, flux=flux, phase=phase, epoch=epoch, reduced=reduced, sigma=sigma or 5)

        try:
            n = tables.show(choice.columned(curve), format=format, output=output, overwrite=overwrite)
        except (
            BrokenPipeError
        ):  # who reads the table has seen enough of it, as in `| head`; the picture is wanted still
            drawn()
            raise
        if not n:
            raise _no_points(store, found, choice)
        _say_state(store, found, choice)
        say_calibration(store, calibration, [found.object_id])
        if colour_corrected:
            say_colours(store, [found.object_id], band)
        drawn()


@dataclass(frozen=True, slots=True)
class _Choice:
    """What of a light curve is wanted, as it was typed."""

    band: str | None
    start: str | None
    stop: str | None
    without: int
    aperture_id: int
    kind: str
    sigma: float | None
    colour_corrected: bool
    all_columns: bool
    limits: bool
    columns: tuple[str, ...]

    def in_aperture(self, store: Database, called: str | None) -> _Choice:
        """Return the same in an aperture that was called by its name; refuse one in which nothing was measured."""
        if called is None:
            _check_aperture(store, self.aperture_id)
            return self
        if self.aperture_id:
            raise UsageError("--aperture and --aperture-id say the same", "give one of them")
        from photdb.asking.apertures import aperture_called

        return replace(self, aperture_id=aperture_called(store, called))

    def ask(self, store: Database, found: query.Found) -> Answer:
        """Return the light curve of what was found."""
        wanted = {name: getattr(self, name) for name in (f.name for f in fields(self)) if name not in _NOT_ASKED}
        return query.curve_of(store, found, limits=self.limits, **wanted)

    def ask_many(self, store: Database, targets: list[query.Target]) -> Answer:
        """Return the light curves of targets."""
        wanted = {name: getattr(self, name) for name in (f.name for f in fields(self)) if name not in _NOT_ASKED}
        return query.light_curves(store, targets, **wanted, limits=self.limits)

    def columned(self, curve: Answer) -> Answer:
        """Return only the columns that were asked for."""
        return curve.only(list(self.columns)) if self.columns else curve


_NOT_ASKED = ("limits", "columns")


def _with_path(
    store: Database, curve: Answer, found: query.Found, rejection: Rejection, *, asked: bool | None = None
) -> Answer:
    """Return the light curve of a moving target with its path, and say what is rejected; that of a star as it is."""
    if moving_target(store, found.object_id, found.target_id) is None:
        if asked:
            raise UsageError(f"{found.name} does not move", "--reject and --reduced are for moving targets")
        return curve
    curve = extended(store, curve, found.object_id, rejection, target_id=found.target_id)
    said = None if asked is None else rejected_in_words(curve)
    if said:
        console.warn(said)
    return curve


def _many(
    store: Database,
    path: Path,
    choice: _Choice,
    radius: float | None,
    *,
    format: str | None,
    output: Path | None,
    overwrite: bool,
) -> None:
    """Write the light curves of the targets of a file, and say which have none and why."""  # fmt: skip
    targets = query.find_targets(store, query.read_targets(path), radius=radius)
    lost = [t for t in targets if t.reason]
    if len(lost) == len(targets) and not choice.limits:
        raise NotFoundError(
            f"{path}: none of its {len(targets)} targets has an object; {lost[0].label}: {lost[0].reason}",
            "`photdb coverage RA DEC` says what was seen of a place",
        )
    n = tables.show(choice.columned(choice.ask_many(store, targets)), format=format, output=output, overwrite=overwrite)
    console.note(f"{len(targets) - len(lost)} of {len(targets)} targets have an object, {n} points")
    for target in lost[:_LOST]:
        console.warn(f"{target.label}: {target.reason}")
    if len(lost) > _LOST:
        for reason, number in Counter(_alike(t.reason) for t in lost[_LOST:]).most_common(5):
            console.warn(f"{number} more targets: {reason}")
    if choice.colour_corrected:
        say_colours(store, [t.object_id for t in targets if t.object_id is not None], choice.band)


#: So many targets without an object are said one by one.
_LOST = 20


def _alike(reason: str) -> str:
    """Return a reason without what differs from place to place."""
    return reason.partition("; ")[0] + ("; observed, not detected" if "; " in reason else "")


def _found_or_place(
    store: Database,
    where: list[str],
    object_id: int | None,
    radius: float | None,
    *,
    online: bool | None,
    limits: bool,
) -> query.Found:
    """Return the object that was asked for; where only limits can be had, the place itself."""  # fmt: skip
    try:
        return _found(store, where, object_id, radius, online=online)
    except NotFoundError:
        position = query.parse_position(where) if limits else None
        alone = target_alone(store, where) if limits else None
        if alone is not None:
            console.warn(f"{alone.name}: no detection and no forced flux yet: its upper limits")
            return alone
        if position is None or not query.frames_at(store, *position):
            raise
        console.warn("no object there: its upper limits")
        return query.Found(query.NO_OBJECT, f"{position[0]:.5f} {position[1]:+.5f}", *position)


def _say_state(store: Database, found: query.Found, choice: _Choice) -> None:
    """Say how many points are forced or upper limits, and that no point is calibrated where none is."""
    number = None if found.object_id == query.NO_OBJECT else found.object_id
    ((n_frame, n_calibrated, n_forced),) = store.query(
        "object_calibrated", object_id=number, target_id=found.target_id
    ).rows
    if choice.limits or n_forced:
        counts = query.counted(replace(choice, all_columns=True).ask(store, found))
        if counts.n_forced or counts.n_limit:
            console.note(counts.line(choice.sigma or query.SIGMAS[0]))
    if n_frame and not n_calibrated:
        console.warn(f"none of its {n_frame} points is calibrated yet: `photdb zeropoint` makes zero points")


def _refuse_kind(kind: str, sigma: float | None) -> None:
    """Refuse a kind of points or a limit that there is not, before any store is opened."""
    if kind not in query.KINDS:
        raise UsageError(f"--kind {kind!r}", f"there are {', '.join(query.KINDS)}")
    if sigma is not None and sigma not in query.SIGMAS:
        raise UsageError(f"--sigma {sigma:g}: limits are of 3 or 5 sigma", "as --sigma 3")


def _coadded(
    curve: Answer,
    by: str,
    found: query.Found,
    choice: _Choice,
    *,
    format: str | None,
    output: Path | None,
    overwrite: bool,
) -> None:
    """Write the mean of the fluxes of a light curve, and say how many took part."""
    from photdb.asking.coadding import coadded
    from photdb.photometry.flags import Flag

    mean = coadded(curve, by, sigma=choice.sigma)
    answer = choice.columned(mean)
    n = tables.show(answer, format=format, output=output, overwrite=overwrite)
    counts = query.counted(curve)
    if not n and not counts.n:
        raise _no_points(curve.database, found, choice)
    if not n:
        raise NotFoundError(
            f"{found.name}: none of its {counts.n} points is in a frame with a zero point",
            "`photdb zeropoint` makes zero points: fluxes of several frames can be added only with these",
        )
    used = sum(row[0] for row in mean.only(["n_point"]).rows())
    without = f" (without {counts.n - used} that have no flux, or no zero point)" if used < counts.n else ""
    console.note(f"the mean of {used} points{without}; of {counts.line(choice.sigma or query.SIGMAS[0])}")
    beside = sum(
        flags & Flag.NEIGHBOURS != 0 for flux, flags in curve.only(["flux", "flags"]).rows() if flux is not None
    )
    if beside and choice.aperture_id != -2:
        console.warn(
            f"{beside} of the points have light of a neighbour in the aperture (flag {Flag.NEIGHBOURS:d}), which does "
            "not average out: `photdb forced --psf`, then --aperture psf, takes it away"
        )


def _asks_for_more(columns: str | None) -> bool:
    """Whether a list of columns has one that a light curve has only when asked."""
    return bool(columns) and not set(_names(columns or "")).isdisjoint(query.MORE_COLUMNS)


def say_colours(store: Database, objects: list[int] | None, band: str | None = None) -> None:
    """Say what could not be corrected for colour, and why."""
    for line in query.colour_note(store, objects=objects, band=band).lines():
        console.warn(line)


def say_calibration(store: Database, cal_id: int | None, objects: list[int] | None = None) -> None:
    """Say how many frames the calibration that was asked for does not have."""
    line = query.calibration_note(store, cal_id, objects=objects)
    if line:
        console.warn(line)


def _found(
    store: Database, where: list[str], object_id: int | None, radius: float | None, *, online: bool | None
) -> query.Found:
    """Return the object that was asked for."""
    if bool(where) == (object_id is not None):
        raise UsageError("give a name, RA and DEC, or --object ID", "as photdb lightcurve 41.58 -30.27")
    if object_id is not None:
        return query.object_by_id(store, object_id)
    return query.resolve_measured(store, where, radius=radius, online=online)


def _say_what(found: query.Found) -> None:
    """Say which object it is, and which others it may have been."""
    if found.object_id == query.NO_OBJECT:
        if found.target_id is not None:
            console.note(f"target {found.name}: no object is at its place, so its points are forced ones alone")
        return
    label = f" ({found.label})" if found.label else ""
    away = "" if found.separation is None else f", {found.separation:.1f} arcsec from the position asked for"
    console.note(f"{found.name}{label}, object {found.object_id}{away}")
    if found.others:
        console.warn(f"hardly further away: {', '.join(found.others)}; `photdb cone` lists them, --object ID chooses")


def _no_points(store: Database, found: query.Found, choice: _Choice) -> NotFoundError:
    """Return the error for a light curve of which nothing is left."""
    what = f"{found.name}: no points"
    what += "" if choice.kind == "all" else f" of kind {choice.kind}"
    what += f" in band {choice.band}" if choice.band else ""
    number = None if found.object_id == query.NO_OBJECT else found.object_id
    ((_, _, n_forced),) = store.query("object_calibrated", object_id=number, target_id=found.target_id).rows
    who = f"--object {found.object_id}" if found.target_id is None else f'--target "{found.label or found.name}"'
    measure = _measured_by(store, choice.aperture_id)
    if n_forced and measure and not choice.band:
        lacking = store.query(
            "forced_without_flux", object_id=number, target_id=found.target_id, aperture_id=choice.aperture_id
        ).rows
        if lacking:
            why, n = lacking[0]
            frames = f"{n} frame{'s' * (n != 1)}"
            return NotFoundError(f"{what} in this aperture: {why} ({frames})", "another --aperture may have some")
        return NotFoundError(
            f"{what} in this aperture", f"`photdb forced {who} {measure}` measures it, or says why that cannot be"
        )
    if (choice.kind == "forced" or number is None) and not n_forced:
        return NotFoundError(f"{what}: its flux was not measured in any frame", f"`photdb forced {who}` measures it")
    bands = store.query("object_bands", object_id=number).rows
    there = [f"{n} in {name or 'no band'}" for name, n in bands]
    there += [f"{n_forced} frames with forced points"] if n_forced else []
    return NotFoundError(
        f"{what} that were asked for",
        f"of this object there are {', '.join(there)}" if there else "this object has no detections any more",
    )


def _measured_by(store: Database, aperture_id: int) -> str | None:
    """Return the option of `photdb forced` that measures in an aperture; None: it needs none, or there is none."""
    if aperture_id == -2:
        return "--psf"
    sizes = {
        a["aperture_id"]: f"--aperture {a['diameter']:g}{a['kind']}"
        for a in store.query("apertures").dicts()
        if a["diameter"]
    }
    return sizes.get(aperture_id)


def _names(columns: str) -> list[str]:
    """Return the names in a list with commas."""
    return [name.strip() for name in columns.split(",") if name.strip()]


def _check_aperture(store: Database, aperture_id: int) -> None:
    """Refuse an aperture that no frame was measured in."""
    if aperture_id in (0, -1, -2, -3):
        return
    known = store.query("apertures").dicts()
    if aperture_id not in [a["aperture_id"] for a in known]:
        there = "; ".join(f"{a['aperture_id']}: {_diameter(a['kind'], a['diameter'])}" for a in known)
        raise UsageError(f"no aperture {aperture_id}", f"there are {there}")


def _diameter(kind: str, diameter: float | None) -> str:
    """Return the size of an aperture in words."""
    return kind if diameter is None else f"{diameter:g} {'FWHM' if kind == 'fwhm' else kind}"


def _mask(flags: str | None, no_flags: bool) -> int:
    """Return the flags that exclude a point."""
    if no_flags:
        return 2**31 - 1
    if not flags:
        return 0
    if flags.isdigit():
        return int(flags)
    from photdb.photometry.flags import Flag

    total = 0
    for name in _names(flags):
        if name.upper().replace("-", "_") not in Flag.__members__:
            raise UsageError(f"no flag {name!r}", f"there are {', '.join(f.name.lower() for f in Flag if f.name)}")
        total |= int(Flag[name.upper().replace("-", "_")])
    return total


def _refuse_phase(phase: float | None, epoch: float | None, plot: Path | None, *, flux: bool) -> None:
    """Refuse a phase that is not drawn, or of no period."""
    if phase is None and epoch is None:
        return
    if phase is None:
        raise UsageError("--epoch goes with --phase", "as --phase 0.5274 --epoch 2458546.2 --plot star.png")
    if plot is None or flux:
        raise UsageError("--phase is for --plot, and of magnitudes", "add --plot star.png, leave out --flux")
    if not 0 < phase < math.inf:
        raise UsageError(f"--phase {phase:g} is not a period", "give days, as --phase 0.5274")


def _plot(
    curve: Answer,
    found: query.Found,
    path: Path,
    *,
    flux: bool,
    phase: float | None = None,
    epoch: float | None = None,
    reduced: bool = False,
    sigma: float = 5,
) -> None:
    """Draw a light curve into a file; of a moving target without what is rejected."""
    from photdb.output.formats import appearing
    from photdb.output.plot import draw
    from photdb.output.plot_style import refuse_unknown

    refuse_unknown(path)
    names = [c.name for c in curve.columns]
    rows = drawable([dict(zip(names, row, strict=True)) for row in curve.rows()], reduced=reduced)
    place = f"{found.ra:.5f} {found.dec:+.5f}"
    moves = "predicted_ra" in names  # then it has no one place
    how = "reduced to 1 au from Sun and observer, at the time when the light left it" if reduced else ""
    words = (found.label, found.name, "" if moves else place, how)
    title = " · ".join(dict.fromkeys(word for word in words if word))
    if phase is not None:
        from photdb.cli.variables import draw_phased

        points = [row for row in rows if not row["is_limit"]]
        draw_phased(points, path, title=title, period=phase, epoch=epoch)
        return
    with appearing(path) as temporary:
        draw(rows, temporary, title=title, flux=flux, sigma=sigma)
    console.note(f"drawn in {path}")


def cone(
    where: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RA DEC RADIUS]", help="Centre in any notation (or a target's name), radius in arcsec."
        ),
    ] = None,
    polygon: Annotated[
        str | None,
        typer.Option(
            metavar="'RA DEC RA DEC ...'", help="Inside this polygon instead: three corners or more, either way round."
        ),
    ] = None,
    moc: Annotated[
        str | None,
        typer.Option(metavar="FILE|MOC", help="Inside this MOC instead: a file (FITS, JSON, ASCII) or '5/123-130'."),
    ] = None,
    online: Online = False,
    colour_corrected: ColourCorrected = False,
    calibration: AsCalibration = None,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """List the objects around a position or in a region, with magnitudes in each band.

    Nearest first; one row an object and band: points, median magnitude and its robust scatter. A polygon may hold a
    pole or RA 0; its sides are great circles.

    Example: photdb cone 41.58 -30.27 60

    Example: photdb cone --polygon "41.5 -30.3 41.7 -30.3 41.6 -30.2"

    Example: photdb cone --moc survey.fits --format csv
    """
    if sum(map(bool, (where, polygon is not None, moc is not None))) != 1:
        raise UsageError("give RA, DEC and a radius in arcsec, --polygon or --moc", "as photdb cone 41.58 -30.27 60")
    region = _Region.of(where or [], polygon, moc)
    with Database.open(store_path(db), calibration=calibration) as store:
        region = region.placed(store, online=online or None)
        answer, objects = region.ask(store, colour_corrected=colour_corrected)
        n = tables.show(answer, format=format, output=output, overwrite=overwrite)
        if not n:
            raise region.empty(store)
        if colour_corrected or calibration is not None:
            found = objects()
            if colour_corrected:
                say_colours(store, found)
            say_calibration(store, calibration, found)


@dataclass(frozen=True, slots=True)
class _Region:
    """A place to look for objects in: the words of a cone and its radius, the corners of a polygon, or a MOC."""

    words: tuple[str, ...] = ()
    radius: float = 0.0
    corners: tuple[tuple[float, float], ...] = ()
    moc: str | None = None

    @classmethod
    def of(cls, words: list[str], polygon: str | None, moc: str | None) -> _Region:
        """Return what was asked for, before any store is opened."""
        if moc is not None:
            return cls(moc=moc)
        if polygon is not None:
            return cls(corners=tuple(query.parse_polygon(polygon)))
        is_place = len(words) == 2 and query.parse_position(words) is not None
        if len(words) < 2 or (is_place and (not words[0].isdigit() or words[1][0] in "+-")):
            raise UsageError("a cone is RA, DEC and a radius in arcsec", "as photdb cone 41.58 -30.27 60")
        return cls(tuple(words[:-1]), _arcsec(words[-1]))

    def placed(self, store: Database, *, online: bool | None) -> _Region:
        """Return the cone with its place instead of a name."""
        if not self.words:
            return self
        ra, dec = query.place(store, self.words, online=online)
        return replace(self, words=(f"{ra:.12f}", f"{dec:+.12f}"))

    def ask(self, store: Database, *, colour_corrected: bool) -> tuple[Answer, Callable[[], list[int]]]:
        """Return the answer, and what tells the numbers of its objects."""
        if not self.words:
            ids = query.in_moc(store, self.moc) if self.moc is not None else query.in_polygon(store, self.corners)
            return query.objects_in(store, ids, colour_corrected=colour_corrected), lambda: ids
        ra, dec = query.place(store, self.words)
        where = {"ra": ra, "dec": dec, "radius": self.radius}
        answer = query.cone(store, **where, colour_corrected=colour_corrected)
        return answer, lambda: [row[0] for row in store.query("cone_ids", **where).rows]

    def empty(self, store: Database) -> NotFoundError:
        """Return the error for a place without objects."""
        if self.words:
            return query.nothing_there(store, *query.place(store, self.words), self.radius)
        what = "MOC" if self.moc is not None else "polygon"
        return NotFoundError(
            f"no object inside the {what}",
            "`photdb coverage --map FILE` draws what was observed, `photdb objects` lists",
        )


def _arcsec(text: str) -> float:
    """Return a radius."""
    try:
        radius = float(text)
    except ValueError:
        raise UsageError(f"radius {text!r} is not a number", "arcsec, as photdb cone 41.58 -30.27 60") from None
    return query.refuse_no_radius(radius)


def objects(
    min_detections: Annotated[int, typer.Option(metavar="N", help="Detected at least so often.")] = 1,
    where: Annotated[
        str | None,
        typer.Option(metavar="SQL", help='A condition on the columns of table object, as "dec < 0 AND pm_ra > 100".'),
    ] = None,
    sort: Annotated[str, typer.Option(metavar="COLUMN", help=f"By {', '.join(query.SORTS)}.")] = "n_detections",
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """List the objects, the most often detected first.

    Example: photdb objects --min-detections 100

    Example: photdb objects --where "ref_colour > 1.5 AND dec BETWEEN -31 AND -30"
    """
    with Database.open(store_path(db)) as store:
        answer = query.objects(store, min_detections=min_detections, sort=sort, where=where)
        n = tables.show(answer, format=format, output=output, overwrite=overwrite)
    if not n:
        console.note("no such objects")


def sql(
    q: Annotated[str, typer.Argument(metavar="QUERY", help="One SELECT, in duckdb's SQL.")],
    calibration: AsCalibration = None,
    db: Db = None,
    format: Format = None,
    output: Output = None,
    overwrite: Overwrite = False,
) -> None:
    """Answer a question put in SQL.

    The store is open for reading, and only a SELECT (or DESCRIBE, SHOW, SUMMARIZE) is answered. With --as the views
    lightcurve and zeropoint_active are of that calibration.

    Example: photdb sql "SELECT band, count(*) FROM lightcurve GROUP BY band"

    Example: photdb sql --as 3 "SELECT frame_id, zp, zp_err FROM zeropoint_active WHERE aperture_id = 0"
    """
    with Database.open(store_path(db), calibration=calibration) as store:
        tables.show(select(store, q), format=format, output=output, overwrite=overwrite)
        say_calibration(store, calibration)
