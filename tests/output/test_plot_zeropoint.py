"""The plots of zero points: what is drawn is what was given, where a reader expects it, and nothing covers it."""

from pathlib import Path

import numpy as np
import pytest

from photdb.errors import UsageError
from photdb.output import plot_style, plot_zeropoint, plot_zeropoint_selection, plot_zeropoint_stars
from photdb.output.plot_zeropoint_selection import Selection
from photdb.output.plot_zeropoint_stars import Line, Residuals


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were saved."""
    figures = []
    monkeypatch.setattr(plot_style, "save", lambda figure, path: figures.append(figure))
    return figures


def residuals(n: int, *, seed: int = 3, slope: float = -0.06, noise: float = 0.01) -> Residuals:
    rng = np.random.default_rng(seed)
    colour, (u, v) = rng.normal(0.8, 0.4, n), rng.uniform(-1, 1, (2, n))
    by_colour, by_place = slope * (colour - 0.8), 0.03 * u
    kept = rng.random(n)
    return Residuals(
        rng.uniform(11, 17, n), colour, u, v, by_colour + by_place + rng.normal(0, noise, n), by_colour, np.zeros(n),
        by_place, kept < 0.8, kept > 0.95,
    )  # fmt: skip


def labels(ax) -> list[str]:
    return ax.get_legend_handles_labels()[1]


def frames(n: int, **columns) -> list[dict]:
    return [
        {"mjd_mid": 61000.1 + 0.005 * k, "detector": "cam", "band": "g", "mag_system": "AB", "zp": 22.5 + 0.001 * k,
         "zp_err": 0.002, "flag": 0} | columns
        for k in range(n)
    ]  # fmt: skip


def in_axes(ax) -> int:
    """How many points the lines of some axes have."""
    return sum(len(line.get_xdata()) for line in ax.lines if line.get_marker() not in ("None", "", None))


@pytest.mark.parametrize("suffix", plot_style.SUFFIXES)
def test_every_plot_is_written_in_every_format(tmp_path: Path, suffix: str):
    stars = residuals(100)
    names = [tmp_path / f"{k}{suffix}" for k in range(6)]
    plot_zeropoint.draw_time(frames(5), names[0], title="t")
    steps = plot_zeropoint.Steps(np.array([5, 4, 3]), np.ones(3), np.ones(3), np.ones(3), 1, 3)
    plot_zeropoint.draw_number(steps, names[1], title="t")
    plot_zeropoint_stars.draw_mag(stars, names[2], title="t", band="g, AB")
    plot_zeropoint_stars.draw_colour(stars, names[3], title="t", index="g-i")
    plot_zeropoint_stars.draw_map(stars, names[4], title="t", surface=np.outer(np.ones(9), np.linspace(-0.03, 0.03, 9)))
    selection = Selection(stars.mag, stars.mag, np.full(100, None), stars.held)
    plot_zeropoint_selection.draw_selection(selection, names[5], title="t", cuts=[], words={})
    magic = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}[suffix]
    assert all(name.read_bytes().startswith(magic) for name in names)


def test_an_unknown_kind_of_picture_is_refused():
    with pytest.raises(UsageError, match=r"zp\.gif"):
        plot_style.refuse_unknown(Path("zp.gif"))


def test_flagged_frames_are_marked_by_their_flag_and_those_without_zero_point_are_counted(drawn):
    rows = frames(6)
    rows[1]["flag"], rows[2]["flag"], rows[3]["flag"], rows[4]["zp"] = 1, 3, 4, None
    plot_zeropoint.draw_time(rows, Path("x.png"), title="title")
    (ax,) = drawn[0].axes
    assert labels(ax) == ["no flag", "flag 1: few stars", "flag 2: far from its night"]
    assert "4 frames, 2 flagged, 2 more without a zero point" in drawn[0]._suptitle.get_text()
    heights = [float(y) for bar in ax.containers for y in bar[0].get_ydata()]
    assert sorted(heights) == pytest.approx([22.5, 22.501, 22.502, 22.505])


def test_nights_stand_side_by_side_and_many_nights_on_one_axis_of_dates(drawn):
    two = frames(4) + frames(4, mjd_mid=61020.3)
    plot_zeropoint.draw_time(two, Path("x.png"), title="")
    many = [row | {"mjd_mid": 61000.0 + 3 * k} for k, row in enumerate(frames(20))]
    plot_zeropoint.draw_time(many, Path("x.png"), title="")
    assert [ax.get_xlabel() for ax in drawn[0].axes] == ["2025-11-21\nUTC (h)", "2025-12-11\nUTC (h)"]
    assert [ax.get_xlabel() for ax in drawn[1].axes] == ["date (UTC)"]


def test_a_relative_zero_point_is_never_in_the_panel_of_a_calibrated_one(drawn):
    plot_zeropoint.draw_time(frames(3) + frames(3, mag_system="relative", zp=0.0), Path("x.png"), title="")
    above, below = drawn[0].axes
    assert "(AB)" in above.get_ylabel()
    assert "(relative)" in below.get_ylabel()
    assert above.get_ylim()[0] > 20 > below.get_ylim()[1]


def test_no_frame_at_all_is_drawn_as_an_empty_plot(drawn):
    plot_zeropoint.draw_time(frames(2, zp=None), Path("x.png"), title="nothing")
    assert "0 frames, 2 more without a zero point" in drawn[0]._suptitle.get_text()


def test_the_step_taken_is_marked_at_its_number_zero_point_and_chi2(drawn):
    n = np.array([100, 80, 60, 40])
    steps = plot_zeropoint.Steps(
        n, np.array([22.0, 22.1, 22.2, 22.3]), np.full(4, 0.1), np.array([9, 4, 1, 0.5]), 2, 50
    )
    plot_zeropoint.draw_number(steps, Path("x.png"), title="", zp=22.15, zp_err=0.01)
    above, below = drawn[0].axes
    marked = [line for ax in (above, below) for line in ax.lines if line.get_marker() == "D"]
    assert [(*line.get_xdata(), *line.get_ydata()) for line in marked] == [(60, 22.2), (60, 1.0)]
    assert "taken: 60 stars, 22.2000 ± 0.1000" in labels(above)
    assert "fewer than 50: not taken" in labels(above)
    assert below.get_xlim()[0] > below.get_xlim()[1]  # rejection goes to the right


@pytest.mark.parametrize("n", [3, 20, 300, 20_000])
def test_every_star_is_drawn_those_far_out_at_the_edge(drawn, n: int):
    stars = residuals(n)
    stars.left[:: max(n // 9, 3)] += 5.0
    plot_zeropoint_stars.draw_mag(stars, Path("x.png"), title="", band="g, AB")
    (ax,) = drawn[0].axes
    points = [line for line in ax.lines if line.get_marker() in ("o", "x", "D", "^", "v")]
    low, high = ax.get_ylim()
    assert sum(len(line.get_xdata()) for line in points) == n
    assert all(((line.get_ydata() > low) & (line.get_ydata() < high)).all() for line in points)
    if n >= 300:
        assert high < 1  # the outliers do not squeeze the rest
        assert "beyond the axis" in drawn[0]._suptitle.get_text()


def test_the_line_of_the_colour_term_goes_through_zero_at_the_pivot_and_through_the_stars(drawn):
    stars = residuals(400)
    plot_zeropoint_stars.draw_colour(stars, Path("x.png"), title="", index="g-i", lines=[Line(-0.06, 0.002, 0.8)] * 3)
    (ax,) = drawn[0].axes
    (fit,) = (line for line in ax.lines if str(line.get_label()).startswith("colour term"))
    (pivot,) = (line for line in ax.lines if str(line.get_label()).startswith("pivot"))
    x, y = fit.get_data()
    assert np.interp(0.8, x, y) == pytest.approx(0, abs=1e-12)
    assert pivot.get_xdata()[0] == 0.8
    (medians,) = (bar for bar in ax.containers if "median" in bar.get_label())
    places, middle = medians[0].get_data()
    assert np.interp(places, x, y) == pytest.approx(middle, abs=0.008)  # the map is taken away, or it would be 0.03
    assert fit.get_label() == "colour term −0.0600 ± 0.0020"


def test_terms_that_differ_from_frame_to_frame_are_all_drawn(drawn):
    lines = [Line(-0.06, 0.002, 0.8), Line(-0.04, 0.002, 0.8)]
    plot_zeropoint_stars.draw_colour(residuals(50), Path("x.png"), title="", index="g-i", lines=lines)
    (ax,) = drawn[0].axes
    assert "colour term −0.0600 to −0.0400 (2)" in labels(ax)
    assert labels(ax).count("pivot 0.80") == 1


def test_stars_without_a_colour_are_left_out_of_the_colour_plot(drawn):
    stars = residuals(30)
    stars.colour[:10] = np.nan
    plot_zeropoint_stars.draw_colour(stars, Path("x.png"), title="", index="g-i")
    assert in_axes(drawn[0].axes[0]) == 20


def test_the_map_shows_the_slope_before_it_is_taken_away_and_none_after(drawn):
    surface = np.outer(np.ones(9), np.linspace(-0.03, 0.03, 9))
    plot_zeropoint_stars.draw_map(residuals(8000), Path("x.png"), title="", surface=surface, size=(2000, 1000))
    before, after = (np.ma.filled(ax.images[0].get_array(), np.nan) for ax in drawn[0].axes[:2])
    assert before[:, -1] - before[:, 0] == pytest.approx(np.full(len(before), 0.06), abs=0.08)
    assert np.nanmean(before[:, -1] - before[:, 0]) == pytest.approx(0.06, abs=0.01)
    assert np.nanmean(after[:, -1] - after[:, 0]) == pytest.approx(0, abs=0.01)
    assert drawn[0].axes[0].get_xlim() == (0, 1999)
    assert drawn[0].axes[0].get_ylim() == (0, 999)


def test_few_stars_are_drawn_one_by_one_over_the_detector(drawn):
    stars = residuals(20)
    plot_zeropoint_stars.draw_map(stars, Path("x.png"), title="")
    offsets = drawn[0].axes[0].collections[0].get_offsets()
    assert len(offsets) == int((stars.used | stars.held).sum())


def test_every_candidate_is_drawn_under_the_cut_that_removed_it_bright_above(drawn):
    n = 60
    cut = np.array([None] * 40 + ["fwhm"] * 12 + ["flags"] * 8, dtype=object)
    fwhm, held = np.linspace(2.0, 2.4, n), np.arange(n) < 4
    stars = Selection(fwhm, np.linspace(11, 17, n), cut, held)
    plot_zeropoint_selection.draw_selection(
        stars, Path("x.png"), title="", cuts=["fwhm", "inner", "flags"], words={"fwhm": "FWHM 1.0-15.0 arcsec"}
    )
    (ax,) = drawn[0].axes
    assert labels(ax) == ["used (36)", "kept back to judge the fit (4)", "FWHM 1.0-15.0 arcsec (12)", "flags (8)"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1]
    assert in_axes(ax) == n
    looks = [(line.get_color(), line.get_marker()) for line in ax.lines]
    assert len(set(looks)) == len(looks)


def test_twenty_five_cuts_still_look_different():
    looks = plot_zeropoint_selection._LOOKS
    assert len(set(looks)) == len(looks) >= 25


@pytest.mark.parametrize("n", [20, 20_000])
def test_no_legend_covers_a_point(drawn, n: int):
    stars = residuals(n)
    plot_zeropoint_stars.draw_mag(stars, Path("x.png"), title="", band="g, AB")
    plot_zeropoint_stars.draw_colour(stars, Path("x.png"), title="", index="g-i", lines=[Line(-0.06, None, 0.8)])
    cut = np.array([None, "fwhm"] * (n // 2), dtype=object)
    selection = Selection(stars.mag / 7, stars.mag, cut, stars.held)
    plot_zeropoint_selection.draw_selection(selection, Path("x.png"), title="", cuts=["fwhm"], words={})
    for figure in drawn:
        figure.draw_without_rendering()
        for ax in figure.axes:
            assert not ax.get_legend().get_window_extent().overlaps(ax.get_window_extent())


def test_the_running_median_has_the_error_of_a_median():
    rng = np.random.default_rng(5)
    x, y = np.arange(20_000.0), rng.normal(0.5, 0.1, 20_000)
    _, middle, error, n = plot_style.running_median(x, y, n_bin=200)
    assert n == 100
    assert np.std((middle - 0.5) / error) == pytest.approx(1.0, abs=0.15)


def test_ranges_keep_all_of_few_values_and_most_of_many():
    few = plot_style.Range.of(np.array([1.0, 2.0, 9.0]))
    assert few.low < 1 < 9 < few.high
    many = plot_style.Range.of(np.r_[np.linspace(0, 1, 1000), 50.0], share=0.02)
    assert many.high < 2
    assert many.beyond(np.array([50.0])).all()
    empty = plot_style.Range.of(np.array([np.nan]))
    assert empty.low < 0 < empty.high
