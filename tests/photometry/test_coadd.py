"""Means of forced fluxes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photdb.photometry.coadd import coadd


def test_frames_of_equal_noise_have_the_plain_mean_and_its_error():
    mean = coadd([1.0, 2.0, 6.0], [0.3, 0.3, 0.3], [0.2, 0.2, 0.2])
    assert mean.flux[0] == pytest.approx(3.0)
    assert mean.error[0] == pytest.approx(0.3 / np.sqrt(3))
    assert mean.noise[0] == pytest.approx(0.2 / np.sqrt(3))
    assert mean.n.tolist() == [3]


def test_a_frame_of_ten_times_the_noise_counts_a_hundredth():
    mean = coadd([1.0, 0.0], [1.0, 10.0], [1.0, 10.0])
    assert mean.flux[0] == pytest.approx(100 / 101)
    assert mean.noise[0] == pytest.approx(np.sqrt(100 / 101))


def test_groups_do_not_mix_and_points_without_a_flux_do_not_count():
    mean = coadd([1.0, np.nan, 5.0, 7.0], [1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [7, 7, 2, 2])
    assert mean.group.tolist() == [2, 7]
    assert mean.flux.tolist() == [6.0, 1.0]
    assert mean.n.tolist() == [2, 1]
    assert mean.chi2[0] == pytest.approx(2.0)
    assert np.isnan(mean.chi2[1])


def test_a_star_that_no_frame_shows_is_recovered_and_its_pull_is_one():
    rng = np.random.default_rng(5)
    noise = rng.uniform(0.5, 2.0, (2000, 100))
    truth = 0.3  # a third to a seventh of the noise of a frame
    error = np.hypot(noise, np.sqrt(truth / 50))
    mean = coadd((truth + error * rng.standard_normal(noise.shape)).ravel(), error.ravel(), noise.ravel(),
                 np.repeat(np.arange(2000), 100))  # fmt: skip
    pull = (mean.flux - truth) / mean.error
    assert abs(pull.mean()) < 0.08
    assert pull.std() == pytest.approx(1.0, abs=0.05)
    # The mean of 1/noise² is 1: of 100 frames 3, and of 2000 such stars to 0.022.
    assert np.mean(mean.flux / mean.noise) == pytest.approx(3.0, abs=0.1)
    assert mean.chi2.mean() == pytest.approx(1.0, abs=0.02)


def test_a_bright_star_is_not_made_fainter_by_its_own_photons():
    rng = np.random.default_rng(6)
    flux = rng.poisson(400.0, (5000, 20)).astype(float)
    own = np.sqrt(np.hypot(flux, 1.0))  # the error that each frame has of its own count
    mean = coadd(flux.ravel(), own.ravel(), np.ones(flux.size), np.repeat(np.arange(5000), 20))
    assert mean.flux.mean() == pytest.approx(400.0, abs=4 * 20 / np.sqrt(flux.size))
    biased = (flux / own**2).sum(1) / (own**-2).sum(1)
    assert biased.mean() < 399.5


def test_what_stays_from_frame_to_frame_stays_in_the_mean():
    """Places with light of their own in every frame (stars below the threshold, faults of the flat), and no star."""
    rng = np.random.default_rng(8)
    n_place, n_frame = 4000, 100
    error = rng.uniform(0.8, 1.2, (n_place, n_frame))
    flux = 0.6 * rng.standard_normal((n_place, 1)) + error * rng.standard_normal(error.shape)
    noise = np.hypot(error, 0.6)
    mean = coadd(flux.ravel(), error.ravel(), noise.ravel(), np.repeat(np.arange(n_place), n_frame))
    assert np.std(mean.flux / mean.noise) == pytest.approx(1.0, abs=0.05)  # known to 0.011
    assert np.std(mean.flux / mean.error) > 5  # what the errors alone would have called discoveries
    assert mean.chi2.mean() == pytest.approx(1.0, abs=0.02)  # a light curve does not scatter by it


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0.1, 10.0)), min_size=1, max_size=20), st.randoms())
def test_the_order_of_frames_does_not_matter(points, random):
    shuffled = list(points)
    random.shuffle(shuffled)
    one, other = (coadd(*np.array(p)[:, [0, 1, 1]].T) for p in (points, shuffled))
    assert one.flux[0] == pytest.approx(other.flux[0], rel=1e-9, abs=1e-9)
    assert one.noise[0] == pytest.approx(other.noise[0])


def test_nothing_gives_nothing():
    assert len(coadd([], [], []).flux) == 0
