"""Stars that are alone, told apart by cells, and what matching gives them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage

from photdb.photometry.association import ARCSEC, BRIGHT, CUT, WHOLE, Detections, matched, partition
from photdb.photometry.islands import islands, means, members
from photdb.sky import unit_vector


@pytest.mark.parametrize("seed", range(6))
def test_what_is_nearer_than_the_distance_is_of_one_island(seed):
    rng = np.random.default_rng(seed)
    position = rng.uniform(0, [60, 60, 5], (200, 3))
    island = islands(position, 3.0)
    single = fcluster(linkage(position), 3.0, "distance")
    assert all(len(np.unique(island[single == k])) == 1 for k in np.unique(single))


def test_stars_that_are_far_from_one_another_are_islands_each():
    rng = np.random.default_rng(1)
    star = np.repeat(np.arange(25), 8)
    position = np.column_stack([20.0 * (star // 5), 20.0 * (star % 5), 0 * star]) + rng.normal(0, 0.2, (200, 3))
    island = islands(position, 4.0)
    assert len(np.unique(island)) == 25
    assert all(len(np.unique(island[star == k])) == 1 for k in range(25))


def test_places_over_the_whole_sky_have_cells_that_can_be_counted():
    position = np.random.default_rng(2).normal(size=(50, 3))
    position *= ARCSEC / np.linalg.norm(position, axis=1)[:, None]
    assert len(np.unique(islands(position, 1e-4))) == 50


def test_a_frame_with_two_of_an_island_is_noticed():
    inside = members(np.array([1, 0, 1, 0]), np.array([7, 7, 7, 8]))
    assert inside.is_twice.tolist() == [False, True]
    assert inside.order[inside.start].tolist()[0] == 1


def test_a_mean_is_on_the_sphere_and_only_of_those_that_count():
    position = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    inside = members(np.zeros(3, dtype=np.int64), np.arange(3))
    mean, distance = means(inside, position, np.array([True, True, False]), 1.0)
    assert mean[0] == pytest.approx([np.sqrt(0.5), np.sqrt(0.5), 0.0])
    assert distance[2] == pytest.approx(np.sqrt(2.0))


def field(seed: int) -> Detections:
    """Stars, blends and noise in frames of several telescopes; every third field is over a pole."""
    rng = np.random.default_rng(seed)
    side, n_frames = 10 ** rng.uniform(1.3, 2.5), int(rng.integers(1, 20))
    stars = rng.uniform(0, side, (rng.integers(2, 50), 2))
    stars = np.vstack([stars, stars[: len(stars) // 5] + rng.normal(0, 2, (len(stars) // 5, 2))])
    places, frame = [], []
    for k in range(n_frames):
        seen = stars[rng.random(len(stars)) < 0.8]
        found = seen + rng.normal(0, rng.choice([0.05, 0.2, 0.6]), seen.shape)
        places.append(np.vstack([found, rng.uniform(0, side, (rng.integers(0, 4), 2))]))
        frame += [k] * len(places[-1])
    off, of = np.vstack(places) / 3600, np.array(frame, dtype=np.int64)
    dec = [0.0, 60.0, 89.99][seed % 3]
    u, n = unit_vector(off[:, 0] / np.cos(np.radians(dec)), dec + off[:, 1]), len(of)
    snr = np.where(rng.random(n) < 0.05, np.nan, 10 ** rng.uniform(-0.5, 2, n))
    whole = np.where(np.nan_to_num(snr) >= 5, BRIGHT, WHOLE)
    return Detections(
        of,
        u * ARCSEC,
        rng.choice([1.0, 1.5, 2.5], n_frames)[of],
        rng.uniform(0.05, 0.3, n),
        snr,
        np.where(rng.random(n) < 0.07, CUT, whole).astype(np.int8),
        60000.0 + of,
        np.full(n, 0.01),
    )


def named(labels: np.ndarray) -> list[int]:
    """Groups by their first member."""
    first = {k: int(np.flatnonzero(labels == k)[0]) for k in np.unique(labels[labels >= 0])}
    return [first.get(k, -1) for k in labels.tolist()]


@pytest.mark.parametrize("seed", range(30))
def test_a_star_that_is_alone_gets_what_looking_at_every_detection_gives_it(seed):
    d = field(seed)
    (quick, quick_contested), (slow, slow_contested) = partition(d), matched(d)
    assert named(quick) == named(slow)
    assert quick_contested[slow >= 0].tolist() == slow_contested[slow >= 0].tolist()
