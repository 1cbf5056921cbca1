"""Extinction of nights."""

from __future__ import annotations

import numpy as np

from photdb.photometry.extinction import extinction


def night(rng, k, n=20, clouds=0):
    airmass = rng.uniform(1.0, 2.2, n)
    zp = 23.0 - k * airmass + rng.normal(0, 0.004, n)
    zp[:clouds] -= rng.uniform(0.1, 0.6, clouds)
    return zp, airmass


def test_the_extinction_is_what_was_put_in_and_its_error_is_right():
    rng, pulls = np.random.default_rng(1), []
    for _ in range(300):
        zp, airmass = night(rng, 0.14)
        found = extinction(zp, np.full(20, 0.003), airmass, np.zeros(20, dtype=int))
        pulls.append((found.k[0] - 0.14) / found.k_err[0])
    assert abs(np.mean(pulls)) < 0.26  # four times 1.12 / sqrt(300)
    # Errors from 20 frames have long tails: 1.12 wide, to 0.05 in so many nights.
    assert 0.9 < np.std(pulls) < 1.32


def test_frames_under_a_cloud_do_not_count():
    zp, airmass = night(np.random.default_rng(2), 0.14, clouds=4)
    found = extinction(zp, np.full(20, 0.003), airmass, np.zeros(20, dtype=int))
    assert abs(found.k[0] - 0.14) < 4 * found.k_err[0] < 0.04
    assert 14 <= found.n[0] <= 16


def test_nights_that_cannot_tell_say_nothing():
    rng = np.random.default_rng(3)
    zp, airmass = np.full(20, 23.0) + rng.normal(0, 0.003, 20), np.linspace(1.0, 1.15, 20)
    few = np.array([1.0, 1.3, 1.6, 1.9])
    found = extinction(
        np.concatenate([zp, 23 - 0.1 * few, [np.nan] * 6]),
        np.full(30, 0.003),
        np.concatenate([airmass, few, np.linspace(1, 2, 6)]),
        np.repeat([0, 1, 2], [20, 4, 6]),
        n_night=4,
    )
    assert np.isnan(found.k).all()
    assert np.isnan(found.k_err).all()
    assert found.n.tolist() == [0, 0, 0, 0]
