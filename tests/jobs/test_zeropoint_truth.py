"""Simulated surveys with known zero points, colour terms, clouds and wrong stars, from the catalogue to the table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from zeropoint_store import Sky, add_frame, add_objects, add_reference, new_store

from photdb.jobs import zeropoint
from photdb.jobs.zeropoint import ZeropointSettings

TERMS = {"g": 0.06, "r": -0.03}
EXTINCTION = {"g": 0.18, "r": 0.10}
PIVOT = 0.8


@dataclass
class Truth:
    """What was put in: by band and frame number, the zero point of a star of the pivot colour, and the cloud."""

    zp: dict[str, np.ndarray]
    cloudy: np.ndarray
    ids: dict[str, np.ndarray]


def field(
    rng: np.random.Generator, n: int, *, real: Path | None
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return places and g, r, i of stars: of NGC 1097's field, or made up with like colours."""
    if real:
        import polars as pl

        table = pl.read_csv(real, infer_schema_length=None)
        wanted = table.select(ra="RA_ICRS", dec="DE_ICRS", g="gmag", r="rmag", i="imag")
        wanted = wanted.drop_nulls().filter(pl.col("r").is_between(12.5, 16.0)).sample(n, seed=int(rng.integers(1000)))
        g, r, i = (wanted[band].to_numpy() for band in "gri")
        return wanted["ra"].to_numpy(), wanted["dec"].to_numpy(), {"g": g, "r": r, "i": i}
    dec = -30 + rng.uniform(-0.2, 0.2, n)
    ra = 41.5 + rng.uniform(-0.2, 0.2, n) / np.cos(np.radians(dec))
    colour = np.clip(rng.gamma(3.0, 0.35, n), 0.2, 2.6)
    r = rng.uniform(12.5, 15.5, n)
    return ra, dec, {"g": r + 0.65 * colour, "r": r, "i": r - 0.35 * colour}


def survey(
    db, rng: np.random.Generator, *, n: int = 300, frames: int = 10, real: Path | None = None, variables: float = 0.0
):
    """Write 3 nights in g and r, the third cloudy; a catalogue with noise and wrong stars; return the truth."""
    ra, dec, mag = field(rng, n, real=real)
    pm = np.where(rng.random(n) < 0.05, 800.0, 0.0)
    wrong = np.where(rng.random(n) < 0.03, rng.choice([-1, 1], n) * rng.uniform(0.2, 1.0, n), 0.0)
    place = Sky(ra, dec, mag["r"], pm, -pm)
    for k, band in enumerate("gri"):
        noisy = mag[band] + rng.normal(0, 0.02, n) + wrong * (band == "gri"[k] and band != "i")
        if k == 0:
            add_reference(db, place, noisy, band=band)
        else:
            add_magnitudes(db, noisy, band)
    add_objects(db, place)
    colour = mag["g"] - mag["i"]
    moving = rng.random(n) < variables
    cloudy = np.repeat([False, False, True], frames)
    zp, ids = {}, {}
    for j, band in enumerate("gr"):
        airmass = np.tile(np.linspace(1.0, 1.8, frames), 3)
        cloud = np.where(cloudy, 0.25 * rng.random(3 * frames), 0.0)
        zp[band] = 24.0 - EXTINCTION[band] * airmass - cloud + rng.normal(0, 0.01, 3 * frames)
        ids[band] = np.arange(3 * frames) + 1 + 1000 * j
        for k, frame_id in enumerate(ids[band]):
            change = np.where(moving, 0.3 * np.sin(k + np.arange(n)), 0.0)
            sky = Sky(ra, dec, mag[band] + TERMS[band] * (colour - PIVOT) + change, pm, -pm)
            seen = np.flatnonzero(rng.random(n) < 0.85)
            add_frame(db, rng, sky, int(frame_id), zp[band][k], band=band, night=k // frames, stars=seen,
                      airmass=float(airmass[k]))  # fmt: skip
    return Truth(zp, cloudy, ids)


def add_magnitudes(db, mag: np.ndarray, band: str) -> None:
    """Add the magnitudes of a further band to the catalogue."""
    import pyarrow as pa

    n = len(mag)
    rows = {"catalog": ["gaiaxp"] * n, "source_id": np.arange(n), "band": [band] * n, "mag": mag, "mag_err": [0.02] * n,
            "mag_system": ["AB"] * n, "is_good": np.ones(n, dtype=bool)}  # fmt: skip
    with db.table("rows_of_test", pa.table(rows)):
        db.execute("INSERT INTO refmag SELECT * FROM rows_of_test")


def found(db, truth: Truth, band: str) -> dict[str, np.ndarray]:
    """Return the zero points of a band as arrays, with their errors against the truth."""
    table = db.arrow(
        "SELECT z.* FROM zeropoint_active AS z JOIN frame AS f USING (frame_id) "
        "WHERE z.aperture_id = 0 AND f.band = $band ORDER BY frame_id", {"band": band},
    )  # fmt: skip
    out = {
        name: np.array(table[name].to_pylist())
        for name in ("zp", "zp_err", "zp_sys", "colour_term", "colour_term_err", "colour")
    }
    out["error"] = out["zp"].astype(float) - truth.zp[band]
    return out


def simulate(seeds: range, *, settings: ZeropointSettings, **words):
    """Yield truth and answer of each band of several surveys."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        with new_store() as db:
            truth = survey(db, rng, **words)
            zeropoint.calibrate_store(db, settings=settings)
            for band in "gr":
                yield band, truth, found(db, truth, band)


def check(runs, *, clear: float = 0.0015, cloudy: float = 0.0025, width: tuple = (0.9, 1.15)) -> None:
    """Assert what must hold of simulated surveys."""
    pulls, bias, slopes = [], [], []
    for band, truth, z in runs:
        assert set(z["colour"]) == {"g-i"}
        assert z["colour_term"][0] == pytest.approx(-TERMS[band], abs=0.005)
        slopes.append((z["colour_term"][0] + TERMS[band]) / z["colour_term_err"][0])
        error, mean = z["error"], np.mean(z["error"])
        assert np.std((error - mean)[~truth.cloudy]) < clear
        assert np.std((error - mean)[truth.cloudy]) < cloudy
        assert abs(mean) < 3.5 * z["zp_sys"][0]
        pulls.append((error - mean) / z["zp_err"].astype(float))
        bias.append(mean)
    assert width[0] < np.std(np.concatenate(pulls)) < width[1]
    assert np.abs(slopes).max() < 4
    assert abs(np.mean(slopes)) < 1.5
    assert abs(np.mean(bias)) < 0.002


def test_a_survey_of_three_nights_in_two_bands_comes_back():
    settings = ZeropointSettings(colour="g-i")
    check(simulate(range(2), settings=settings, frames=6, n=400), width=(0.8, 1.25))  # of 72 frames only


@pytest.mark.slow
@pytest.mark.parametrize("method", ["catalogue", "ubercal"])
def test_the_figures_of_a_survey_hold_over_many_skies(method):
    check(simulate(range(10, 18), settings=ZeropointSettings(colour="g-i", method=method), frames=12, n=600))


@pytest.mark.slow
def test_the_figures_of_a_survey_hold_over_the_real_stars_of_ngc_1097(shared_data):
    real = shared_data / "refcat" / "NGC1097_GAIA.csv"
    check(simulate(range(30, 36), settings=ZeropointSettings(colour="g-i"), frames=12, n=600, real=real))


@pytest.mark.slow
def test_frames_hold_each_other_to_a_millimagnitude_whatever_three_in_a_hundred_stars_do():
    settings = ZeropointSettings(colour="g-i", method="ubercal")
    for variables in (0.0, 0.03):
        spread = [np.std(z["error"]) for _, _, z in simulate(range(4), settings=settings, variables=variables, n=600)]
        assert np.mean(spread) < 0.001


@pytest.mark.parametrize("method", ["catalogue", "frame", "ubercal"])
@pytest.mark.parametrize("n", [60, pytest.param(200, marks=pytest.mark.slow)])
def test_one_wrong_catalogue_star_does_not_move_a_zero_point_by_much_of_its_error(method, n):
    settings = ZeropointSettings(colour="g-i", method=method)
    answers = []
    for off in (0.0, 0.5):
        with new_store() as db:
            truth = survey(db, np.random.default_rng(5), n=n, frames=2)
            db.execute("UPDATE refmag SET mag = mag + $off WHERE source_id = 11 AND band = 'r'", off=off)
            zeropoint.calibrate_store(db, settings=settings)
            answers.append(found(db, truth, "r"))
    right, wrong = (z["zp"].astype(float) for z in answers)
    error = np.hypot(*(answers[0][k].astype(float) for k in ("zp_err", "zp_sys")))
    assert np.all(np.abs(wrong - right) < 0.4 * error * np.sqrt(50 / n))  # as in tests/photometry/test_zero_point.py


def test_a_colour_term_may_be_forced_left_out_or_of_each_frame():
    for term, wanted in ((-0.06, -0.06), ("none", None), ("frame", -0.06)):
        with new_store() as db:
            truth = survey(db, np.random.default_rng(8), frames=2)
            zeropoint.calibrate_store(db, settings=ZeropointSettings(colour="g-i", colour_term=term))
            got = found(db, truth, "g")
        if wanted is None:
            assert set(got["colour_term"]) == {None}
            assert set(got["colour"]) == {None}
        else:
            assert got["colour_term"].astype(float) == pytest.approx(wanted, abs=0.02 if term == "frame" else 1e-9)
        assert np.std(got["error"]) < 0.003


def test_the_extinction_of_a_night_is_said_and_changes_nothing():
    answers = {}
    for extinction in (False, True):
        with new_store() as db:
            truth = survey(db, np.random.default_rng(9), frames=8)
            zeropoint.calibrate_store(db, settings=ZeropointSettings(extinction=extinction))
            answers[extinction] = db.rows(
                "SELECT f.night, f.band, z.zp, z.extinction, z.aperture_id FROM zeropoint_active AS z "
                "JOIN frame AS f USING (frame_id) ORDER BY frame_id, aperture_id"
            ).rows
    assert truth.cloudy.any()
    assert [r[2] for r in answers[True]] == [r[2] for r in answers[False]]
    assert {r[3] for r in answers[False]} == {None}
    clear = {(r[1], r[3]) for r in answers[True] if str(r[0]) != "2025-11-20"}
    assert {band for band, _ in clear} == {"g", "r"}
    assert [k - EXTINCTION[band] for band, k in sorted(clear)] == pytest.approx([0.0] * len(clear), abs=0.05)
