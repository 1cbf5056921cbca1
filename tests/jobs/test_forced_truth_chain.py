"""A simulated survey through the whole chain: raw frames in, forced and calibrated fluxes of every true star out."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from nights import make, with_catalogue
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from photdb.jobs.forced import forced
from photdb.jobs.forced_asked import Asked
from photdb.jobs.ingest import ingest
from photdb.jobs.target_list import add_list, read_list
from photdb.photometry.coadd import coadd
from photdb.store.database import Database

pytestmark = pytest.mark.slow

#: Bins of true S/N in one frame.
BINS = [0.3, 1, 3, 5, 10, 40]

POINTS = """
SELECT
  f.frame_id, f.target_id, f.aperture_id, f.x, f.y, f.flags, f.flux, f.flux_err, f.noise, z.zp, z.zp_err,
  list_aggregate(string_split(r.path, '/')[-2:], 'string_agg', '/') AS file, r.fwhm_px, r.primary_radius_px AS radius
FROM forced AS f
JOIN frame AS r ON r.frame_id = f.frame_id
JOIN zeropoint_active AS z ON z.frame_id = f.frame_id AND z.aperture_id = f.aperture_id
WHERE f.reason IS NULL
"""


@dataclass
class Survey:
    """Forced points beside the truth; fluxes and errors in units of 25 mag, isolated stars only."""

    points: pl.DataFrame

    def of(self, aperture_id: int) -> pl.DataFrame:
        return self.points.filter(pl.col("aperture_id") == aperture_id)


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    folder = tmp_path_factory.mktemp("chain")
    sky = make(
        folder / "sky", size=800, scale=1.5, stars=220, brightest=12.0, faintest=22.5, frames=8, nights=2, fwhm=4.5,
        variables=0, eclipses=0, colour_terms=0.0, catalog_noise=0.002, seed=21, cosmic_rays=0.0,
    )  # fmt: skip
    store = with_catalogue(folder / "sky.duckdb", sky)
    ingest([sky], store=store, workers=2)
    stars = pl.read_csv(sky / "truth" / "stars.csv")
    stars.select(
        name=pl.format("s{}", "id"), ra="ra", dec="dec", pm_ra="pm_ra", pm_dec="pm_dec", epoch=pl.lit(2016.0)
    ).write_csv(folder / "targets.csv")
    with Database.open(store, read_only=False) as db:
        add_list(db, read_list(folder / "targets.csv"), file=folder / "targets.csv")
    forced(store, asked=Asked(psf=True), workers=2)
    return Survey(beside_truth(store, sky))


def beside_truth(store: Path, sky: Path) -> pl.DataFrame:
    """Return what was measured of the stars that no other one disturbs, with what is true of them."""
    with Database.open(store) as db:
        found = pl.DataFrame(db.arrow(POINTS, {}))
    true = pl.read_csv(sky / "truth" / "lightcurves.csv").with_columns(
        target_id=(pl.col("id") + 1).cast(pl.Int32), disturbed=pl.lit(0.0)
    )
    both = found.join(true, on=["target_id", "file"], suffix="_true")
    assert len(both) > 0.99 * len(found)
    scale = 10 ** (-0.4 * (pl.col("zp") - 25))
    both = pl.concat([with_neighbours(frame) for _, frame in both.group_by("frame_id", "aperture_id")])
    return both.with_columns(
        found=pl.col("flux") * scale,
        true=10 ** (-0.4 * (pl.col("mag") - 25)),
        error=(pl.col("flux_err") ** 2 + (pl.col("flux") * pl.col("zp_err") / 1.0857) ** 2).sqrt() * scale,
        noise=pl.col("noise") * scale,
        disturbed=pl.col("disturbed") * scale,
    ).filter(
        (pl.col("disturbed") < 0.1 * pl.col("noise")) & (pl.col("flags") & (4 | 8 | 64) == 0) & ~pl.col("saturated")
    )


def with_neighbours(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the points of a frame with the light of other stars in an aperture about each, roughly: ADU/s."""
    place = frame.select("x_true", "y_true").to_numpy()
    flux, radius = frame["flux_true"].to_numpy(), frame["radius"][0]
    alpha2, beta = (frame["fwhm_px"][0] / 2) ** 2 / (2 ** (1 / 3.2) - 1), 3.2
    light = np.zeros(len(frame))
    for i, near in enumerate(cKDTree(place).query_ball_point(place, 40.0)):
        others = [k for k in near if k != i]
        gap = np.maximum(np.hypot(*(place[others] - place[i]).T) - 0.6 * radius, 0)
        light[i] = (flux[others] * (beta - 1) * radius**2 / alpha2 * (1 + gap**2 / alpha2) ** -beta).sum()
    return frame.with_columns(disturbed=pl.Series(light))


def pulls(points: pl.DataFrame) -> dict[float, NDArray[np.float64]]:
    """Return pulls by the lower end of the bin of true S/N."""
    snr = (points["true"] / points["noise"]).to_numpy()
    pull = ((points["found"] - points["true"]) / points["error"]).to_numpy()
    return {low: pull[(snr >= low) & (snr < high)] for low, high in pairwise(BINS)}


@pytest.mark.parametrize("aperture_id", [0, -2])
def test_forced_fluxes_are_the_true_ones_within_their_errors_at_every_signal_to_noise(survey, aperture_id):
    found = pulls(survey.of(aperture_id))
    for low, pull in found.items():
        assert len(pull) > 50, low
        error = 2 / np.sqrt(len(pull))  # the points of a star share the faint stars in its sky
        assert abs(pull.mean()) < 0.05 + 2 * error, (low, pull.mean(), error)
        assert np.percentile(np.abs(pull - np.median(pull)), 68.3) == pytest.approx(1, abs=0.05 + 2 * error), low
    assert abs(np.concatenate(list(found.values())).mean()) < 0.08


@pytest.mark.parametrize("aperture_id", [0, -2])
def test_the_mean_of_all_frames_shows_stars_that_no_frame_shows(survey, aperture_id):
    """Of stars below 3 sigma in every frame those above 5 sigma in the mean of all have their true flux."""
    points = survey.of(aperture_id)
    mean = coadd(points["found"].to_numpy(), points["error"].to_numpy(), points["noise"].to_numpy(),
                 points["target_id"].to_numpy())  # fmt: skip
    true = dict(points.group_by("target_id").agg(pl.col("true").mean()).iter_rows())
    best = dict(points.group_by("target_id").agg((pl.col("true") / pl.col("noise")).max()).iter_rows())
    faint = np.array([best[int(t)] < 3 for t in mean.group]) & (mean.n >= 8)
    should = np.array([true[int(t)] for t in mean.group])
    assert (mean.flux / mean.noise)[faint].max() > 5
    # Stars too faint for any frame are in the sky that is taken off: with circles this field lacks 6 % of such fluxes.
    assert mean.flux[faint].sum() / should[faint].sum() == pytest.approx(1, abs=0.1 if aperture_id == 0 else 0.05)
    assert np.std(((mean.flux - should) / mean.error)[faint]) == pytest.approx(1, abs=0.25)
