"""Tracklets: found where a body is, not found where none is, as likely chance as they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photdb.photometry.standing import standing, standing_on_detector
from photdb.photometry.tracklet_plane import Plane, holds
from photdb.photometry.tracklets import Frames, Leftovers, Limits, find_tracklets
from photdb.sky import separation_arcsec

SIGMA, HALF = 0.15, 600.0


def noise(rng, m=10, n=60, hours=4.0):
    """Leftovers strewn evenly: (frame, x, y), and hours of the frames."""
    frame = np.repeat(np.arange(m), n)
    x, y = rng.uniform(-HALF, HALF, (2, m * n))
    return frame, x, y, np.linspace(-hours / 2, hours / 2, m)


def body(rng, t, seen, *, x=10.0, y=-30.0, x_rate=20.0, y_rate=-8.0, bend=(0.0, 0.0)):
    """A body in some of the frames."""
    t = t[seen]
    path = x + x_rate * t + bend[0] * t**2 / 2, y + y_rate * t + bend[1] * t**2 / 2
    return seen, path[0] + rng.normal(0, SIGMA, len(t)), path[1] + rng.normal(0, SIGMA, len(t))


def search(parts, t, mags=None, **limits):
    """Search the leftovers of some parts (frame, x, y)."""
    frame, x, y = (np.concatenate([p[k] for p in parts]) for k in range(3))
    mag = np.full(len(x), np.nan) if mags is None else np.concatenate(mags)
    left = Leftovers(frame.astype(np.int64), x, y, np.full(len(x), SIGMA), mag, np.full(len(x), 0.05))
    frames = Frames(t, np.bincount(left.frame, minlength=len(t)) / (2 * HALF) ** 2, (2 * HALF) ** 2)
    return left, frames, find_tracklets(left, frames, Limits(**limits))


def test_a_body_is_found_with_its_motion_and_its_detections():
    rng = np.random.default_rng(1)
    frame, x, y, t = noise(rng)
    _, _, found = search([(frame, x, y), body(rng, t, np.array([0, 1, 3, 4, 6, 7, 9]))], t)
    (track,) = found
    assert track.rows.tolist() == list(range(len(x), len(x) + 7))
    np.testing.assert_allclose(np.column_stack(track.fit.rates_at(0.0))[0], [20.0, -8.0], atol=0.3)
    assert track.fit.rms < 2 * SIGMA
    assert track.chance < 1e-6


@given(
    angle=st.floats(0, 2 * np.pi), rate=st.floats(5, 90), seed=st.integers(0, 10_000),
    seen=st.sets(st.integers(0, 9), min_size=6),
)  # fmt: skip
def test_a_body_is_found_in_whatever_direction_it_goes_and_whichever_frames_show_it(angle, rate, seed, seen):
    rng = np.random.default_rng(seed)
    frame, x, y, t = noise(rng, n=20)
    mine = np.array(sorted(seen))
    moving = body(rng, t, mine, x_rate=rate * np.cos(angle), y_rate=rate * np.sin(angle))
    _, _, found = search([(frame, x, y), moving], t)
    own = [np.count_nonzero(f.rows >= len(x)) for f in found]
    assert max(own, default=0) >= len(mine) - 1  # one beyond 3.5 sigma may be left out


def test_chance_tracklets_are_as_many_as_they_say():
    found, n = [], 40
    for seed in range(n):
        *parts, t = noise(np.random.default_rng(seed), m=8, n=150)
        found += [f.chance for f in search([parts], t, chance=10.0)[2]]
    assert np.count_nonzero(np.array(found) <= 0.01) == 0
    assert np.count_nonzero(np.array(found) <= 1.0) <= 1.5 * n
    assert len(found) >= 0.02 * n  # with so lax a limit chance does make some


def test_a_body_as_faint_as_chance_is_told_by_a_large_number():
    rng = np.random.default_rng(3)
    frame, x, y, t = noise(rng, n=500)
    _, _, found = search([(frame, x, y), body(rng, t, np.array([1, 4, 6, 8]))], t, chance=1000.0)
    own = [f for f in found if np.count_nonzero(f.rows >= len(x)) >= 3]
    assert all(f.chance > 0.01 for f in own)


def test_the_path_that_the_turning_earth_bends_is_followed():
    rng = np.random.default_rng(4)
    frame, x, y, t = noise(rng, m=14, hours=7.0)
    _, _, found = search([(frame, x, y), body(rng, t, np.arange(14), bend=(0.25, -0.2))], t)
    (track,) = found
    assert len(track.rows) == 14
    np.testing.assert_allclose(2 * track.fit.motion[2], [0.25, -0.2], atol=0.08)


def test_a_path_that_bends_more_than_any_bodys_is_none():
    rng = np.random.default_rng(5)
    frame, x, y, t = noise(rng, n=5, hours=7.0)
    _, _, found = search([(frame, x, y), body(rng, t, np.arange(10), bend=(8.0, 0.0))], t)
    assert all(len(f.rows) < 8 for f in found)


def test_two_bodies_that_cross_are_two_and_share_nothing():
    rng = np.random.default_rng(6)
    frame, x, y, t = noise(rng)
    seen = np.arange(10)
    two = [body(rng, t, seen), body(rng, t, seen, x_rate=-15.0, y_rate=12.0)]
    _, _, found = search([(frame, x, y), *two], t)
    assert len(found) == 2
    assert not set(found[0].rows) & set(found[1].rows)


def test_what_stands_still_is_no_body():
    rng = np.random.default_rng(7)
    frame, x, y, t = noise(rng)
    left, frames, found = search([(frame, x, y), body(rng, t, np.arange(10), x_rate=0.0, y_rate=0.0)], t)
    assert found == []
    still = standing(left, frames, Limits(), reach=1.5)
    assert still[len(x) :].all()
    assert still[: len(x)].mean() < 0.05


def test_a_slow_body_does_not_stand_still():
    rng = np.random.default_rng(8)
    frame, x, y, t = noise(rng, m=40, n=10)
    left, frames, _ = search([(frame, x, y), body(rng, t, np.arange(40), x_rate=4.0, y_rate=1.0)], t)
    assert not standing(left, frames, Limits(min_rate=3.0), reach=1.5)[len(x) :].any()


def test_what_stays_on_the_detector_while_the_sky_passes_by_is_a_hot_pixel():
    rng = np.random.default_rng(14)
    frame, x, y, t = noise(rng, n=20)
    drift = 40.0 * t
    hot = np.arange(10), 100.0 + drift, np.full(10, -50.0)
    left, _, _ = search([(frame, x, y), hot], t)
    on = standing_on_detector(left, left.x - drift[left.frame], left.y, radius=0.8, moved=5.0, area=(2 * HALF) ** 2)
    assert on[len(x) :].all()
    assert on[: len(x)].mean() < 0.05
    still = standing_on_detector(left, left.x, left.y, radius=0.8, moved=5.0, area=(2 * HALF) ** 2)
    assert not still.any()  # the sky has not passed by


def test_clumps_of_stars_at_the_limit_are_no_bodies():
    found = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        frame, x, y, t = noise(rng, m=60, n=10, hours=5.0)
        parts = [(frame, x, y)]
        for _ in range(8):  # four faint stars within some arcsec, each in a third of the frames of two hours
            centre = rng.uniform(-500, 500, 2)
            seen = np.flatnonzero(np.abs(t - rng.uniform(-1, 1)) < 1.0)
            for _ in range(4):
                some = rng.choice(seen, len(seen) // 3, replace=False)
                at = centre + rng.uniform(-3, 3, 2) + rng.normal(0, 0.5, (len(some), 2))
                parts.append((some, at[:, 0], at[:, 1]))
        left, frames, _ = search([(frame, x, y)], t)
        frame, x, y = (np.concatenate([p[k] for p in parts]) for k in range(3))
        left = Leftovers(frame, x, y, np.full(len(x), SIGMA), np.full(len(x), np.nan), np.full(len(x), np.nan))
        moves = ~standing(left, frames, Limits(), reach=1.5)
        found += search([(frame[moves], x[moves], y[moves])], t, min_arc=4.5)[2]
    assert found == []


def test_what_goes_less_far_than_was_asked_for_is_not_listed():
    rng = np.random.default_rng(15)
    frame, x, y, t = noise(rng, n=10)
    moving = body(rng, t, np.arange(10), x_rate=5.0, y_rate=0.0)
    assert len(search([(frame, x, y), moving], t, min_arc=15.0)[2]) == 1
    assert search([(frame, x, y), moving], t, min_arc=25.0)[2] == []


def test_a_satellites_trail_in_one_frame_is_no_body():
    rng = np.random.default_rng(9)
    frame, x, y, t = noise(rng)
    trail = np.full(25, 4), np.linspace(-400, 400, 25), np.linspace(-100, 150, 25)
    assert search([(frame, x, y), trail], t)[2] == []


def test_a_body_of_changing_brightness_is_no_one_body():
    rng = np.random.default_rng(10)
    frame, x, y, t = noise(rng, n=10)
    moving = body(rng, t, np.arange(10))
    usual = np.full(len(x), np.nan)
    steady = search([(frame, x, y), moving], t, mags=[usual, np.full(10, 17.0)])[2]
    jumping = search([(frame, x, y), moving], t, mags=[usual, 17.0 + 2.5 * (np.arange(10) % 2)])[2]
    assert [len(f.rows) for f in steady] == [10]
    assert all(len(f.rows) <= 5 for f in jumping)


def test_rates_outside_the_limits_are_not_listed():
    rng = np.random.default_rng(11)
    frame, x, y, t = noise(rng, n=10)
    moving = body(rng, t, np.arange(10))
    assert len(search([(frame, x, y), moving], t, max_rate=30.0)[2]) == 1
    assert search([(frame, x, y), moving], t, max_rate=15.0)[2] == []
    assert search([(frame, x, y), moving], t, min_rate=30.0)[2] == []


def test_three_frames_are_enough_where_they_are_asked_to_be():
    rng = np.random.default_rng(12)
    frame, x, y, t = noise(rng, m=3, n=6, hours=1.0)
    moving = body(rng, t, np.arange(3))
    assert search([(frame, x, y), moving], t)[2] == []
    assert len(search([(frame, x, y), moving], t, min_frames=3, chance=0.1)[2]) == 1


def test_hundreds_of_frames_with_a_body_give_all_its_detections():
    rng = np.random.default_rng(13)
    frame, x, y, t = noise(rng, m=200, n=10, hours=6.0)
    (track,) = search([(frame, x, y), body(rng, t, np.arange(0, 200, 2))], t)[2]
    assert len(track.rows) >= 98


def test_nothing_left_over_is_nothing_found():
    assert search([(np.array([], dtype=int), np.array([]), np.array([]))], np.linspace(-1, 1, 5))[2] == []


@given(ra=st.floats(0, 360), dec=st.floats(-90, 90), x=st.floats(-3000, 3000), y=st.floats(-3000, 3000))
def test_places_come_back_from_the_plane_wherever_it_touches_the_sky(ra, dec, x, y):
    plane = Plane.around(ra, dec)
    back = plane.project(*plane.sky(x, y))
    np.testing.assert_allclose(back, [x, y], atol=1e-6)


@given(ra=st.floats(0, 360), dec=st.floats(-89.9, 89.9), x=st.floats(-2000, 2000), y=st.floats(-2000, 2000))
def test_rates_are_those_of_the_places_an_instant_apart(ra, dec, x, y):
    plane = Plane.around(ra, dec)
    east, north = plane.rates(x, y, 30.0, -20.0)
    a, b = plane.sky(x - 0.015, y + 0.01), plane.sky(x + 0.015, y - 0.01)  # 30, -20 arcsec/h for 3.6 s
    went = float(separation_arcsec(*a, *b)) * 1000.0
    assert np.hypot(east, north) == pytest.approx(went, rel=1e-3)
    assert north == pytest.approx(1000.0 * 3600.0 * (b[1] - a[1]), abs=0.05)


def test_a_polygon_holds_what_is_inside():
    corner_x, corner_y = np.array([-1.0, 2.0, 2.0, -1.0]), np.array([-1.0, -1.0, 1.0, 1.0])
    assert holds(corner_x, corner_y, 0.0, 0.0)
    assert holds(corner_x, corner_y, 1.9, 0.9)
    assert not holds(corner_x, corner_y, -1.1, 0.0)
    assert not holds(corner_x, corner_y, 0.0, 1.1)
    assert not holds(np.array([0.0, 1.0]), np.array([0.0, 1.0]), 0.5, 0.5)
