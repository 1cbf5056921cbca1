"""The demo scores what was found against the truth, touches nothing that is not its own, and says what works next."""

import shlex

import numpy as np
import polars as pl
import pytest

from photdb.errors import UsageError
from photdb.jobs import demo as job
from photdb.jobs.demo import Demo, Score, scores


def made_up(n_stars=40, n_frames=50, *, kind="star", mag_err=0.005, bias=0.03, wrong=1.0, seed=1):
    """Return pairs whose found magnitudes are off by a bias and by the errors times ``wrong``."""
    rng = np.random.default_rng(seed)
    n = n_stars * n_frames
    mag = np.repeat(rng.uniform(14, 16, n_stars), n_frames)
    return pl.DataFrame(
        {
            "id": np.repeat(np.arange(n_stars), n_frames), "ra": 41.5, "dec": -30.2, "kind": kind, "alone": True,
            "saturated": False, "flags": 0, "mag": mag, "found": mag + bias + wrong * mag_err * rng.standard_normal(n),
            "mag_err": mag_err, "zp_err": 0.0,
        }
    )  # fmt: skip


@pytest.mark.parametrize(("mag_err", "what"), [(0.003, "above 200"), (0.01, "50 to 200"), (0.05, "12 to 50")])
def test_right_errors_have_a_pull_width_of_one(mag_err, what):
    (score,) = scores(made_up(mag_err=mag_err))
    assert score.what == f"40 steady stars, S/N {what}"
    assert (score.n, score.n_true) == (2000, 2000)
    assert score.bias == pytest.approx(0.03, abs=5 * mag_err / 40)
    assert score.scatter == pytest.approx(mag_err, rel=0.08)
    assert score.pull == pytest.approx(1.0, abs=0.08)


def test_errors_that_are_half_as_large_as_they_should_be_have_a_pull_width_of_two():
    (score,) = scores(made_up(wrong=2.0))
    assert score.pull == pytest.approx(2.0, abs=0.15)


def test_stars_that_vary_have_a_row_each_with_their_place_and_the_points_that_were_missed():
    one = made_up(1, 40, kind="eclipse")
    one = one.with_columns(found=pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise(pl.col("found")))
    (score,) = scores(one)
    assert score.what == "eclipsed star"
    assert (score.n, score.n_true) == (37, 40)
    assert (score.ra, score.dec) == (41.5, -30.2)


def test_crowded_saturated_and_truncated_stars_are_not_compared():
    good = made_up()
    for column, value in (("alone", False), ("saturated", True), ("flags", 4), ("flags", 8)):
        assert scores(good.with_columns(pl.lit(value).alias(column))) == []


def test_a_store_of_the_user_is_never_removed(tmp_path):
    mine = tmp_path / "photdb.duckdb"
    mine.write_bytes(b"years of work")
    with pytest.raises(UsageError, match="no demo has written"):
        job.demo(tmp_path)
    assert mine.read_bytes() == b"years of work"


def fake(folder):
    star = Score("eclipsed star", 41.6, -30.25, 40, 40, 0.0, 0.01, 1.0)
    return Demo(folder, folder / "photdb.duckdb", folder / "demo.png", (star,), 0.02, 0.001, 0.09, 40, 40)


def test_the_next_commands_are_understood(tmp_path, monkeypatch):
    import typer

    from photdb.cli.app import app
    from photdb.cli.demo import next_commands

    monkeypatch.delenv("PHOTDB", raising=False)
    lines = next_commands(fake(tmp_path))
    assert lines[0] == f"cd {tmp_path}"
    group = typer.main.get_command(app)
    for line in lines[1:]:
        for one in line.split("&&"):
            program, name, *words = shlex.split(one)
            assert program == "photdb"
            assert group.commands[name].make_context(name, words).command.name == name


def test_the_next_commands_name_the_store_where_another_one_is_the_default(tmp_path, monkeypatch):
    from photdb.cli.demo import next_commands

    monkeypatch.setenv("PHOTDB", "/somewhere/else.duckdb")
    asking = [line for line in next_commands(fake(tmp_path)) if "photdb" in line and not line.startswith("cd")]
    assert [line.endswith("--db photdb.duckdb") for line in asking] == [True] * 4 + [False] * 2


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    return job.demo(tmp_path_factory.mktemp("demo"), workers=2)


@pytest.mark.slow
def test_every_frame_of_the_demo_is_measured(done):
    assert done.n_frames_ok == done.n_frames == 40


@pytest.mark.slow
def test_the_demo_recovers_what_it_simulated(done):
    assert done.position_arcsec < 0.1
    assert done.zp_scatter < 0.003
    eclipsed, variable, *steady = done.scores
    for score in (eclipsed, variable):
        assert score.n == score.n_true == 40
        assert abs(score.bias) < 0.03
        assert score.scatter < 0.012
    assert len(steady) == 3
    for score in steady:
        assert score.n > 0.95 * score.n_true
        assert 0.85 < score.pull < 1.2


@pytest.mark.slow
def test_the_demo_draws_the_two_light_curves(done):
    from matplotlib.image import imread

    picture = imread(done.plot)
    assert picture.shape[0] > 500
    assert picture.std() > 0.05


@pytest.mark.slow
def test_the_demo_can_be_run_again_in_its_folder(done):
    again = job.demo(done.folder, workers=2)
    assert again.scores == done.scores
