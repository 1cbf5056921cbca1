"""Calibrate frames with what they have: measure their stars, choose their catalogue, solve system by system."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photdb.jobs import zeropoint_rows as rows
from photdb.jobs import zeropoint_select as select
from photdb.jobs.zeropoint_colour import Colours
from photdb.jobs.zeropoint_rows import Columns, Frames
from photdb.jobs.zeropoint_select import Chosen
from photdb.jobs.zeropoint_settings import ZeropointSettings
from photdb.jobs.zeropoint_solve import PRIMARY, SEASON_GAP, Solved, System, solve_aperture, solve_primary
from photdb.jobs.zeropoint_stars import Candidates, Gathered, Stars, apertures, joined, shared
from photdb.store.database import Database

_APERTURE_BYTES = 400_000_000  # fluxes of other apertures in memory at a time

Numbers = NDArray[Any]


@dataclass
class Phase:
    """The calibration of some frames on its way.

    Attributes
    ----------
    parts
        Rows found so far.
    holds
        Detector and band of the systems that keep stars back.
    unusable
        Why frames that have reference stars use none.
    """

    db: Database
    settings: ZeropointSettings
    frames: Frames
    n_aper: int
    join: bool
    parts: list[Columns] = field(default_factory=list)
    holds: set[tuple[str | None, str | None]] = field(default_factory=set)
    unusable: dict[int, str] = field(default_factory=dict)

    def left(self) -> Numbers:
        """Return the places of the frames that have no zero point yet."""
        done = np.concatenate([p["frame_id"] for p in self.parts] or [np.zeros(0, dtype=np.int64)])
        return np.flatnonzero(~np.isin(self.frames.frame_id, done))

    def by_catalogue(self, known: dict[str, str]) -> None:
        """Calibrate the frames of zp_frame against catalogues."""
        colours = select.candidates(
            self.db, self.settings, known=known, held_up=self.join and self.settings.method == "ubercal"
        )
        self._run(colours, relative=False)

    def by_each_other(self) -> None:
        """Calibrate the frames of zp_frame against each other."""
        select.candidates_relative(self.db, self.settings)
        self._run(Colours(), relative=True)

    def _run(self, colours: Colours, *, relative: bool) -> None:
        """Measure, choose, solve."""
        db = self.db
        ranges = select.chunks(db)
        if not ranges:
            return
        several = db.one("SELECT count(*) > count(DISTINCT frame_id) FROM zp_task")
        known = Candidates.read(db)
        chosen, gathered, systems = None, None, []
        counted = []
        crowded: dict[int, int] = {}
        if not several:
            chosen = _all_tasks(db)
            systems = self._systems(chosen, colours, relative=relative)
            gathered = Gathered(len(systems), known, with_place=_with_place(systems, self.settings))
        for first, last in ranges:
            crowded |= select.measure(db, first, last, self.settings, relative=relative)
            counted.append(select.counts(db))
            if not relative:
                self.unusable |= select.unusable(db)
            if gathered is not None:
                gathered.add(db)
        import pyarrow as pa

        table = pa.concat_tables(counted)
        if chosen is None or gathered is None:
            chosen = select.choose(db, table, self.settings)
            systems = self._systems(chosen, colours, relative=relative)
            gathered = Gathered(len(systems), known, with_place=_with_place(systems, self.settings))
            for first, last in ranges:
                if len(ranges) > 1:
                    select.measure(db, first, last, self.settings, relative=relative)
                gathered.add(db)
        _count(systems, chosen, table, crowded)
        if relative:
            for system in systems:  # why no catalogue serves
                for k in np.flatnonzero(np.isin(system.frame_id, list(self.unusable))):
                    why = self.unusable[int(system.frame_id[k])]
                    system.reason[k] = "; ".join(filter(None, [why, system.reason[k]]))
        solved = self._solve(systems, gathered, known)
        self._apertures(systems, solved, known, ranges, relative=relative)

    def _systems(self, chosen: Chosen, colours: Colours, *, relative: bool) -> list[System]:
        """Return the systems of the chosen tasks, and write them to zp_system."""
        import pyarrow as pa

        db = self.db
        with db.table("zp_chosen", pa.table({"task_no": chosen.task})):
            table = db.arrow(
                "SELECT t.task_no, t.frame_id, t.detector, t.band, t.option_no, t.mjd_mid, t.is_new FROM zp_task AS t "
                "SEMI JOIN zp_chosen USING (task_no) ORDER BY t.frame_id, t.task_no"
            )
        task, frame, option, mjd, is_new = (
            np.asarray(table[name].to_numpy(zero_copy_only=False))
            for name in ("task_no", "frame_id", "option_no", "mjd_mid", "is_new")
        )
        words = [table[name].combine_chunks().dictionary_encode() for name in ("detector", "band")]
        codes = [np.asarray(w.indices.fill_null(-1).to_numpy(zero_copy_only=False)).astype(np.int64) for w in words]
        keys = np.stack([*codes, option.astype(np.int64)])
        unique, number = np.unique(keys, axis=1, return_inverse=True)
        number = number.reshape(-1)
        options = {} if relative else {o["option_no"]: o for o in db.rows("SELECT * FROM zp_option").dicts()}
        history, last_terms = self._history(relative=relative), self._last_terms(relative=relative)
        systems, ordinal = [], np.zeros(len(task), dtype=np.int32)
        for k in range(unique.shape[1]):
            mine = np.flatnonzero(number == k)
            ordinal[mine] = np.arange(len(mine))
            detector, band = (
                None if unique[j, k] < 0 else words[j].dictionary[int(unique[j, k])].as_py() for j in (0, 1)
            )
            system = System(
                detector, band, options.get(int(unique[2, k]), {}), int(unique[2, k]), frame[mine],
                np.zeros(len(mine), dtype=np.int64), np.full(len(mine), None, dtype=object),
                is_new[mine].astype(bool), mjd[mine].astype(np.float64), None if relative else colours.of(band),
            )  # fmt: skip
            systems.append(_held_up(system, history, last_terms))
        with db.table("zp_numbered", pa.table({"task_no": task, "system": number.astype(np.int32), "frame": ordinal})):
            db.execute("CREATE OR REPLACE TEMP TABLE zp_system AS SELECT * FROM zp_numbered")
        return systems

    def _history(self, *, relative: bool) -> dict[int, dict[str, Any]]:
        """Return what is known of the frames that hold up the others."""
        found = self.db.rows("SELECT * FROM zp_history").dicts()
        return {r["frame_id"]: r for r in found if (r["catalog"] is None) == relative}

    def _last_terms(self, *, relative: bool) -> dict[tuple[Any, ...], float]:
        """Return the colour terms that the season has already."""
        if relative or not self.join:
            return {}
        return {tuple(r[:5]): float(r[5]) for r in self.db.job("zeropoint_last_terms", days=SEASON_GAP).rows}

    def _solve(self, systems: list[System], gathered: Gathered, known: Candidates) -> list[Solved | None]:
        """Solve the primary aperture of every system."""
        solved: list[Solved | None] = []
        self._nights: dict[int, dict[int, tuple[float, float]]] = {}
        self._by_aperture: list[dict[int, Columns]] = []
        for number, system in enumerate(systems):
            stars, holds = gathered.take(number, hold=True)
            if system.relative:
                stars = shared(stars, known.source)
            if not len(stars.d):
                solved.append(None)
                self._by_aperture.append({})
                continue
            one = solve_primary(stars, known, system, self.settings, holds=holds)
            del stars
            columns = rows.of_solution(system, one, one.solution, PRIMARY, self.frames, self.settings)
            if self.settings.extinction and len(columns["frame_id"]):
                self._nights[number] = rows.of_extinction(columns, self.frames)
                rows.add_extinction(columns, self._nights[number], self.frames)
            self.parts.append(columns)
            self._by_aperture.append({PRIMARY: columns})
            if one.holds:
                self.holds.add((system.detector, system.band))
            solved.append(one)
        self._leave_chance_matches(systems, solved)
        select.hold(
            self.db,
            [
                (s.detector, s.band, s.option_no, x is not None and x.holds)
                for s, x in zip(systems, solved, strict=True)
            ],
        )
        return solved

    def _leave_chance_matches(self, systems: list[System], solved: list[Solved | None]) -> None:
        """Take zero points back where no frame of a detector and band has enough stars, and most have none at all.

        One or two matches may be chance, as where frames were never tied to the sky; such frames are then better left
        to those that share their stars.
        """
        needed = self.settings.needed
        frames: dict[tuple[str | None, str | None], int] = {}
        for key in zip(self.frames.detector, self.frames.band, strict=True):
            frames[key] = frames.get(key, 0) + 1
        few: dict[tuple[str | None, str | None], list[int]] = {}
        sure = set()
        for number, (system, one) in enumerate(zip(systems, solved, strict=True)):
            if one is None or system.relative:
                continue
            key = (system.detector, system.band)
            few.setdefault(key, []).append(number)
            if (one.solution.n_star >= needed).any():
                sure.add(key)
        for key, numbers in few.items():
            n = sum(len(self._by_aperture[k][PRIMARY]["frame_id"]) for k in numbers)
            if key in sure or 2 * n >= frames.get(key, 0):
                continue
            for k in numbers:
                columns, words = self._by_aperture[k].pop(PRIMARY), systems[k].option
                for frame_id, n_star in zip(columns["frame_id"], columns["n_star"], strict=True):
                    stars = f"{n_star} star{'' if n_star == 1 else 's'}"
                    self.unusable[int(frame_id)] = f"{words['catalog']} {words['ref_band']}: {stars}, maybe by chance"
                self.parts = [p for p in self.parts if p is not columns]
                solved[k] = None

    def _apertures(
        self, systems: list[System], solved: list[Solved | None], known: Candidates, ranges: list[tuple[int, int]],
        *, relative: bool,
    ) -> None:  # fmt: skip
        """Solve the other apertures, as many at a time as fit in memory."""
        n_star = sum(int(s.solution.n_star.sum()) for s in solved if s is not None)
        if not n_star or self.settings.primary_only:
            return
        at_once = max(1, _APERTURE_BYTES // (16 * n_star))
        for first in range(-1, self.n_aper + 1, at_once):  # -1 and 0: PSF and auto
            last = min(first + at_once - 1, self.n_aper)
            found: dict[tuple[int, int], list[Stars]] = {}
            for a, b in ranges:
                if len(ranges) > 1:
                    select.measure(self.db, a, b, self.settings, relative=relative)
                snr, place = self.settings.select.snr, _with_place(systems, self.settings)
                for number, aperture, stars in apertures(self.db, first, last, known, snr, with_place=place):
                    found.setdefault((number, aperture), []).append(stars)
            for (number, aperture), parts in sorted(found.items()):
                one = solved[number]
                if one is not None:
                    self._aperture(systems[number], one, aperture, joined(parts), known, number)
        for number, found_here in enumerate(self._by_aperture):
            if solved[number] is not None:
                extra = rows.whole(found_here, self.frames)
                self.parts += [extra] if extra is not None else []

    def _aperture(
        self, system: System, solved: Solved, aperture: int, stars: Stars, known: Candidates, number: int
    ) -> None:
        """Solve one other aperture of a system."""
        if not len(stars.d):
            return
        solution = solve_aperture(stars, known, system, self.settings, solved)
        columns = rows.of_solution(system, solved, solution, aperture, self.frames, self.settings)
        if self.settings.extinction and len(columns["frame_id"]):
            rows.add_extinction(columns, self._nights.get(number, {}), self.frames)
        self.parts.append(columns)
        self._by_aperture[number][aperture] = columns


def _with_place(systems: list[System], settings: ZeropointSettings) -> bool:
    """Return whether a term needs the stars' places."""
    return settings.spatial > 0 or any(s.given_map is not None for s in systems)


def _all_tasks(db: Database) -> Chosen:
    """Return all tasks, where every frame has only one."""
    table = db.arrow("SELECT task_no, frame_id, option_no, is_new FROM zp_task ORDER BY frame_id")
    task, frame, option, is_new = (
        np.asarray(table[name].to_numpy(zero_copy_only=False))
        for name in ("task_no", "frame_id", "option_no", "is_new")
    )
    nothing = np.full(len(task), None, dtype=object)
    return Chosen(task, frame, option, np.zeros(len(task), dtype=np.int64), is_new.astype(bool), nothing)


def _count(systems: list[System], chosen: Chosen, table: Any, crowded: dict[int, int]) -> None:
    """Fill in the candidates of every frame, why a catalogue was passed over, and where isolation was given up."""
    task, n = (np.asarray(table[name].to_numpy()) for name in ("task_no", "n_candidate"))
    most = int(max(task.max(initial=0), chosen.task.max(initial=0))) + 1
    by_task = np.zeros(most, dtype=np.int64)
    by_task[task] = n
    for system in systems:
        place = _places(chosen, system)
        system.n_candidate[:] = by_task[chosen.task[place]]
        system.reason[:] = chosen.reason[place]
        for k in np.flatnonzero(np.isin(chosen.task[place], list(crowded))):
            said = f"isolation given up: it would take {crowded[int(chosen.task[place[k]])]} of its few stars"
            system.reason[k] = "; ".join(filter(None, [system.reason[k], said]))


def _places(chosen: Chosen, system: System) -> Numbers:
    """Return where the frames of a system are among the chosen (a frame is chosen once)."""
    order = np.argsort(chosen.frame_id, kind="stable")
    return order[np.searchsorted(chosen.frame_id[order], system.frame_id)]


def _held_up(system: System, history: dict[int, dict[str, Any]], last_terms: dict[tuple[Any, ...], float]) -> System:
    """Return a system with what the frames before it hold fast."""
    old = [history.get(int(i)) if not new else None for i, new in zip(system.frame_id, system.is_new, strict=True)]
    there = [h for h in old if h is not None]
    fixed = np.array([np.nan if h is None else h["zp"] for h in old]) if there or system.relative else None
    given_term, given_map, colour = None, None, system.colour
    if there and not system.relative:
        latest = max(there, key=lambda h: (h["mjd_mid"] or 0.0, h["frame_id"]))
        if latest["zp_map"] is not None:
            given_map = np.array(latest["zp_map"])
        if latest["colour_term"] is not None:
            given_term, colour = float(latest["colour_term"]), (latest["colour"], float(latest["colour_pivot"]))
    key = (system.detector, system.band, system.option.get("catalog"), system.option.get("ref_band"))
    last = last_terms.get((*key, colour[0])) if colour else None
    return replace(system, fixed=fixed, given_term=given_term, given_map=given_map, colour=colour, last_term=last)
