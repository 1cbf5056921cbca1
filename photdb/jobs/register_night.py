"""Frames that the catalogue alone could not place: by way of the other frames of the night.

A frame is matched to a solved frame of the same detector and its WCS carried over, then refined with the
catalogue where that covers it. Where no frame is solved, the frames are matched to each other and the pointing of
one of them gives all a rough WCS, marked as such.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from photdb.errors import RegistrationError
from photdb.ingest import wcs as celestial
from photdb.ingest.between_frames import match_frames, transfer
from photdb.ingest.registration import ReferenceStars, Solution, register
from photdb.ingest.starlist import Kind
from photdb.jobs.frame_table import wcs_facts
from photdb.jobs.measure_frame import FrameTask
from photdb.jobs.staging import Staged, replace_table
from photdb.photometry.flags import UNUSABLE
from photdb.sky import healpix

if TYPE_CHECKING:
    from numpy.typing import NDArray

log = logging.getLogger(__name__)

#: Stars of a frame that frames are matched by.
STARS = 1000


@dataclass(frozen=True, slots=True)
class _Stars:
    """The stars of a staged frame, brightest first."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    flux: NDArray[np.float64]


def register_among(
    outcomes: list[tuple[FrameTask, Staged]], references: Mapping[str, ReferenceStars | None]
) -> list[tuple[FrameTask, Staged]]:
    """Give frames without a WCS one by way of the other frames of the night, and write it into staging.

    Parameters
    ----------
    outcomes
        The measured frames of one night.
    references
        Reference stars around each frame by staging key, None where no catalogue covers it.

    Returns
    -------
    list of (FrameTask, Staged)
        In the same order; frames that remain without WCS have state ``failed`` and the reason.
    """
    stars: dict[str, _Stars] = {}
    out = dict(enumerate(outcomes))
    for group in _groups(outcomes):
        unsolved = [i for i in group if not _has_wcs(outcomes[i])]
        if not unsolved:
            continue
        anchors = [i for i in group if _has_wcs(outcomes[i])]
        if not anchors:
            rough = _rough_anchor(outcomes, unsolved, stars)
            if rough is not None:
                i, solution = rough
                out[i] = _with_wcs(outcomes[i], solution)
                anchors = [i] if _has_wcs(out[i]) else []
                unsolved.remove(i)
        for i in unsolved:
            out[i] = _by_way_of(outcomes[i], [out[k] for k in anchors], references, stars)
    return [out[i] for i in range(len(outcomes))]


def _groups(outcomes: list[tuple[FrameTask, Staged]]) -> list[list[int]]:
    """Return indices of usable frames of one detector and size, in order of time."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    order = sorted(range(len(outcomes)), key=lambda i: outcomes[i][0].header.mjd_mid or 0.0)
    for i in order:
        task, staged = outcomes[i]
        if staged.facts["state"] == "ok" and task.settings.solve:
            key = (task.header.detector, task.header.binning, staged.facts["width"], staged.facts["height"])
            groups.setdefault(key, []).append(i)
    return list(groups.values())


def _has_wcs(outcome: tuple[FrameTask, Staged]) -> bool:
    """Tell whether a frame has a WCS."""
    return outcome[1].facts.get("wcs") is not None


def _stars(staged: Staged, cache: dict[str, _Stars]) -> _Stars:
    """Read the brightest stars of a staged frame."""
    if staged.key not in cache:
        import pyarrow.parquet as pq

        assert staged.table is not None
        table = pq.read_table(staged.table, columns=["x", "y", "flux_auto", "flags"])
        x, y, flux, flags = (table.column(c).to_numpy() for c in ("x", "y", "flux_auto", "flags"))
        fit = np.flatnonzero(np.isfinite(flux) & (flux > 0) & (flags & UNUSABLE == 0))
        best = fit[np.argsort(-flux[fit], kind="stable")][:STARS]
        cache[staged.key] = _Stars(x[best].astype(float), y[best].astype(float), flux[best].astype(float))
    return cache[staged.key]


def _rough_anchor(
    outcomes: list[tuple[FrameTask, Staged]], unsolved: list[int], cache: dict[str, _Stars]
) -> tuple[int, Solution] | None:
    """Return the frame with the most stars that has a pointing and a scale, with the WCS these give."""
    fit = []
    for i in unsolved:
        header, scale = outcomes[i][0].header, outcomes[i][0].pixel_scale
        if header.ra is not None and header.dec is not None and scale is not None:
            fit.append((len(_stars(outcomes[i][1], cache).x), -i))
    if not fit:
        return None
    i = -max(fit)[1]
    task, staged = outcomes[i]
    header = task.header
    assert header.ra is not None
    assert header.dec is not None
    assert task.pixel_scale is not None
    wcs = celestial.rough_wcs(
        (header.ra, header.dec),
        task.pixel_scale,
        header.rotation_deg,
        header.mirrored,
        staged.facts["width"],
        staged.facts["height"],
    )
    return i, Solution(wcs, "rough", float("nan"), 0)


def _by_way_of(
    outcome: tuple[FrameTask, Staged],
    anchors: list[tuple[FrameTask, Staged]],
    references: Mapping[str, ReferenceStars | None],
    cache: dict[str, _Stars],
) -> tuple[FrameTask, Staged]:
    """Return a frame with the WCS carried over from the nearest frame in time that it matches."""
    task, staged = outcome
    mine = _stars(staged, cache)
    here = task.header.mjd_mid or 0.0
    for other, theirs in sorted(anchors, key=lambda a: abs((a[0].header.mjd_mid or 0.0) - here))[:5]:
        other_stars = _stars(theirs, cache)
        size = {"width": staged.facts["width"], "height": staged.facts["height"]}
        try:
            transform = match_frames(mine.x, mine.y, mine.flux, other_stars.x, other_stars.y, other_stars.flux, **size)
        except RegistrationError as error:
            log.info("%s against %s: %s", task.header.path.name, other.header.path.name, error.what)
            continue
        solution = transfer(_solution(theirs), transform)
        return _with_wcs(outcome, _refined(solution, outcome, references.get(staged.key), mine))
    return task, Staged(staged.key, {**staged.facts, **_unplaced(task, staged, len(anchors))}, None)


def _solution(staged: Staged) -> Solution:
    """Return the solution of a staged frame."""
    facts = staged.facts
    rms = facts["wcs_rms_arcsec"]
    return Solution(
        celestial.wcs_from_text(facts["wcs"]),
        facts["wcs_kind"],
        float("nan") if rms is None else rms,
        facts["wcs_n_star"],
    )


def _refined(
    solution: Solution, outcome: tuple[FrameTask, Staged], reference: ReferenceStars | None, mine: _Stars
) -> Solution:
    """Fit a WCS that was carried over to the catalogue, where that is possible."""
    if reference is None:
        return solution
    facts = outcome[1].facts
    try:
        found = register(
            mine.x,
            mine.y,
            mine.flux,
            width=facts["width"],
            height=facts["height"],
            reference=reference,
            header_wcs=celestial.wcs_to_text(solution.wcs),
        )
    except RegistrationError:
        return solution
    kind: Kind = "rough" if outcome[0].reference_is_own else "solved"
    return Solution(found.wcs, kind, found.rms_arcsec, found.n_stars)


def _with_wcs(outcome: tuple[FrameTask, Staged], solution: Solution) -> tuple[FrameTask, Staged]:
    """Write positions into a staged frame and the WCS into its facts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    task, staged = outcome
    assert staged.table is not None
    table = pq.read_table(staged.table)
    x, y = (table.column(c).to_numpy().astype(float) for c in ("x", "y"))
    ra, dec = celestial.pixel_to_sky(solution.wcs, x, y)
    for name, values in (("ra", ra), ("dec", dec), ("hpx", healpix(ra, dec))):
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(values))
    # Under another name: what the worker left stays true for a run that resumes.
    path = staged.table.with_name(f"{staged.key}.placed.parquet")
    try:
        replace_table(path, table)
    except OSError as error:
        what = f"{task.header.path.name}: its positions cannot be staged in {path.parent}: {error.strerror or error}"
        facts = {**staged.facts, "state": "failed", "reason": what, "hint": "make room, then: photdb ingest --retry"}
        return task, Staged(staged.key, facts, None)
    facts = {**staged.facts, **wcs_facts(solution, staged.facts["width"], staged.facts["height"])}
    return task, Staged(staged.key, facts, path)


def _unplaced(task: FrameTask, staged: Staged, n_anchors: int) -> dict[str, Any]:
    """Return why a frame has no WCS."""
    header = task.header
    missing = [
        word
        for word, value in (
            ("pointing", header.ra),
            ("pixel scale", task.pixel_scale or staged.facts.get("pixel_scale")),
        )
        if value is None
    ]
    why = staged.facts.get("why_unsolved") or "no reference stars"
    if n_anchors:
        why += f"; nor does it match the {n_anchors} frames of the night that have a WCS"
    elif missing:
        why += f"; nor does the header give a {' and a '.join(missing)} for a rough WCS"
    return {
        "state": "failed",
        "reason": f"{header.path.name}: no WCS: {why}",
        "hint": "photdb refcat add a catalogue of the field, or ingest with --no-wcs for instrumental fluxes only",
    }
