"""Two lists of points matched by their triangles, and the odds that the match is chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photdb.ingest import matching
from photdb.ingest.matching import apply, best_match, fit_affine, log10_chance, pair
from photdb.ingest.proposals import propose, propose_shifts

SIZE = 1000.0


def search(a, b, *, scale=(0.9, 1.1), mirrored=None, turn=None):
    proposals = propose(
        a[:30],
        b[:40],
        centre=np.array([SIZE / 2, SIZE / 2]),
        diagonal=1.41 * SIZE,
        scale=scale,
        mirrored=mirrored,
        turn=turn,
        smallest=SIZE / 30,
    )
    return best_match(a, b, proposals, n_used=30, width=SIZE, height=SIZE, tolerance=4.0, tried=0)


def similarity(scale, angle, mirrored, shift):
    c, s, sign = scale * np.cos(angle), scale * np.sin(angle), -1.0 if mirrored else 1.0
    return np.array([[c, -sign * s, shift[0]], [s, sign * c, shift[1]]])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.92, 1.08), st.floats(-np.pi, np.pi), st.booleans(), st.floats(-500, 500))
def test_any_turn_scale_and_parity_is_found(seed, scale, angle, mirrored, shift):
    rng = np.random.default_rng(seed)
    stars = rng.uniform(0, SIZE, (25, 2))
    truth = similarity(scale, angle, mirrored, (shift, -shift))
    seen = np.vstack([stars + rng.normal(0, 0.1, stars.shape), rng.uniform(0, SIZE, (8, 2))])
    match = search(seen[rng.permutation(len(seen))[:30]], apply(truth, stars))
    assert match.convincing
    corners = np.array([[0, 0], [SIZE, 0], [0, SIZE], [SIZE, SIZE]])
    assert np.abs(apply(match.matrix, corners) - apply(truth, corners)).max() < 1.0


def test_unrelated_lists_are_never_believed():
    rng = np.random.default_rng(1)
    chances = []
    for _ in range(150):
        a, b = rng.uniform(0, SIZE, (30, 2)), rng.uniform(0, SIZE, (40, 2))
        chances.append(search(a, b).log10_chance)
    assert min(chances) > -3.5  # of 150 honest upper limits, one in 150 is below -2.2 at most
    assert not any(c < matching.CONVINCING for c in chances)


def test_a_known_turn_leaves_out_the_others():
    rng = np.random.default_rng(2)
    stars = rng.uniform(0, SIZE, (20, 2))
    b = apply(similarity(1.0, 0.5, False, (3.0, 4.0)), stars)
    assert search(stars, b, mirrored=False, turn=(0.5, 0.0)).convincing
    assert search(stars, b, mirrored=False, turn=(0.5 + np.pi, 0.0)).convincing
    assert not search(stars, b, mirrored=False, turn=(1.5, 0.0)).convincing
    assert not search(stars, b, mirrored=True).convincing


def test_a_shift_is_voted_for_without_triangles():
    rng = np.random.default_rng(3)
    stars = rng.uniform(0, SIZE, (40, 2))
    proposals = propose_shifts(stars, stars + np.array([37.0, -12.0]), np.eye(2, 3), reach=60.0, unit=4.0)
    assert proposals.beta[0] == pytest.approx(37 - 12j, abs=0.5)


def test_too_few_points_propose_nothing():
    for n in (0, 1, 2):
        points = np.arange(2.0 * n).reshape(n, 2)
        proposals = propose(
            points, points, centre=np.zeros(2), diagonal=1.0, scale=(0.9, 1.1), mirrored=None, smallest=0.0
        )
        assert len(proposals.alpha) == 0
        match = best_match(points, points, proposals, n_used=5, width=1.0, height=1.0, tolerance=1.0, tried=0)
        assert not match.convincing
        assert len(match.a) == 0


def test_each_point_is_paired_once_and_with_its_nearest():
    a = np.array([[0.0, 0.0], [0.4, 0.0], [5.0, 5.0], [9.0, 9.0]])
    b = np.array([[0.3, 0.0], [5.0, 5.2], [20.0, 20.0]])
    ia, ib = pair(a, b, 1.0)
    assert dict(zip(ia.tolist(), ib.tolist(), strict=True)) == {1: 0, 2: 1}


def test_the_affine_fit_is_exact_on_exact_points_and_weights_count():
    rng = np.random.default_rng(4)
    a = rng.uniform(0, 10, (12, 2))
    truth = np.array([[1.0, 0.1, 3.0], [-0.2, 0.9, -1.0]])
    b = apply(truth, a)
    assert fit_affine(a, b) == pytest.approx(truth, abs=1e-12)
    b[0] += 5.0
    assert fit_affine(a, b, np.r_[0.0, np.ones(11)]) == pytest.approx(truth, abs=1e-12)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_similarity_keeps_angles(mirrored):
    rng = np.random.default_rng(5)
    a = rng.uniform(0, 10, (4, 2))
    truth = similarity(1.3, 0.7, mirrored, (2.0, 3.0))
    assert fit_affine(a, apply(truth, a), similarity=True) == pytest.approx(truth, abs=1e-12)


def test_the_odds_are_an_upper_limit_to_what_chance_does():
    """Of random points, the share with k or more neighbours beyond the three given away never exceeds the bound."""
    rng = np.random.default_rng(6)
    n, m, radius, trials = 23, 60, 25.0, 4000
    expected = m * np.pi * radius**2 / SIZE**2
    counts = np.array([sum(rng.random(n - 3) < -np.expm1(-expected)) for _ in range(trials)])
    for k in range(1, 9):
        assert np.mean(counts >= k) <= 10 ** log10_chance(n, k + 3, expected) + 3 / np.sqrt(trials)


def test_odds_fall_with_every_match_and_rise_with_density():
    assert log10_chance(20, 3, 0.01) == 0.0
    assert log10_chance(20, 10, 0.01) < log10_chance(20, 8, 0.01) < 0
    assert log10_chance(20, 10, 0.01) < log10_chance(20, 10, 0.05)
