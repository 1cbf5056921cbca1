"""The frames of a night measured in worker processes, with the aperture that is decided for the night."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from photdb import progress
from photdb.errors import CalibrationError
from photdb.ingest.frame_header import FrameHeader
from photdb.jobs.field_references import FieldStars
from photdb.jobs.ingest_settings import IngestSettings
from photdb.jobs.masters import KeptMaster
from photdb.jobs.measure_frame import GROWTH_PX, FrameTask, failure, measure_frame, probe_frame
from photdb.jobs.plan_ingest import Light, Plan
from photdb.jobs.pool import Pool
from photdb.jobs.staging import Staged, read_staged, staging_key, staging_of
from photdb.photometry.growth import choose_aperture


def task_of(store: Path, light: Light, work: Plan, settings: IngestSettings, reference: FieldStars | None) -> FrameTask:
    """Return what a worker needs to know of one frame."""
    header = light.header
    chosen, kept = work.shelf.choose(header)
    pattern = work.shelf.pattern(header) if settings.use_pattern and "dark" not in kept else None
    scale = header.pixel_scale or work.scales.get((header.detector, f"{header.binning[0]}x{header.binning[1]}"))
    key = staging_key(
        light.sha256,
        header.hdu,
        asdict(header),
        asdict(settings),
        work.apertures,
        {kind: master.sha256 for kind, master in kept.items()},
        pattern.sha256 if pattern else None,
        reference.digest if reference else None,
        scale,
    )
    return FrameTask(
        header=header,
        key=key,
        staging=staging_of(store),
        settings=settings,
        apertures=work.apertures,
        **master_paths(kept),
        pattern=pattern.path if pattern else None,
        reference=reference.path if reference else None,
        reference_is_own=reference.is_own if reference else False,
        pixel_scale=scale,
        warnings=(*chosen.warnings, *_mosaic(header)),
    )


def _mosaic(header: FrameHeader) -> tuple[str, ...]:
    """Return the warning that goes with a colour camera's raw frame."""
    if not header.bayer:
        return ()
    return (
        f"a colour mosaic ({header.bayer}) is measured as it is: a flux depends on where the star falls on the pattern",
    )


def master_paths(kept: Mapping[str, KeptMaster]) -> dict[str, Any]:
    """Return the files of masters by kind."""
    return {kind: master.path for kind, master in kept.items()}


class StarWidths:
    """Width of the stars of a frame before anything else is known of its night."""

    def __init__(self, work: Plan, settings: IngestSettings) -> None:
        self._work, self._settings = work, settings

    def __call__(self, header: FrameHeader) -> float:
        """Return the FWHM, px; 3 where it cannot be measured."""
        _, kept = self._work.shelf.choose(header)
        task = FrameTask(header, "", Path(), replace(self._settings, cosmic=False), (), **master_paths(kept))
        return float(probe_frame(task).get("fwhm_px", 3.0))


def decide_apertures(tasks: list[FrameTask], settings: IngestSettings, workers: Pool) -> list[FrameTask]:
    """Decide the primary aperture per detector and band of the night, where the user asked for that."""
    rule = settings.measure.primary
    if rule.kind not in ("night-fwhm", "growth"):
        return tasks
    groups: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
    probes = workers.spread(probe_frame, tasks)
    for task, probe in progress.track(probes, "the night's aperture", len(tasks)):
        if probe:
            groups.setdefault((task.header.detector, task.header.band), []).append(probe)
    decided: dict[tuple[str, str | None], dict[str, Any]] = {}
    for group, found in groups.items():
        decided[group] = {"night_fwhm_px": float(np.median([p["fwhm_px"] for p in found]))}
        if rule.kind == "growth":
            try:
                chosen = choose_aperture([p["growth"] for p in found], np.array(GROWTH_PX))
            except CalibrationError as error:
                progress.warn(error.what)
                continue
            decided[group]["growth_px"] = chosen
            progress.say(f"{group[0]} {group[1]}: aperture of {chosen:.2f} px from {len(found)} growth curves")
    out = []
    for task in tasks:
        found_for = decided.get((task.header.detector, task.header.band), {})
        key = staging_key(task.key, found_for)
        out.append(replace(task, key=key, **found_for))
    return out


def measure_all(tasks: Sequence[FrameTask], workers: Pool, night: str | None) -> dict[str, Staged]:
    """Measure the frames that staging does not have yet."""
    staged: dict[str, Staged] = {}
    todo = []
    for task in tasks:
        left = read_staged(task.staging, task.key)
        if left is not None and left.facts["state"] == "ok":
            staged[task.key] = left
        elif task.header.problems:
            what = f"{task.header.path.name}: {'; '.join(task.header.problems)}"
            staged[task.key] = Staged(task.key, failure(task, what, ""), None)
        else:
            todo.append(task)
    if len(todo) < len(tasks) and any(s.table for s in staged.values()):
        progress.say(f"{night}: {sum(1 for s in staged.values() if s.table)} frames were measured by an earlier run")
    results = workers.spread(measure_frame, todo)
    for task, result in progress.track(results, f"measuring {night or 'frames'}", len(todo)):
        if result is None:
            what = f"{task.header.path.name}: the process that measured it died twice (out of memory?)"
            result = Staged(task.key, failure(task, what, "use fewer --workers"), None)
        staged[task.key] = result
    return staged
