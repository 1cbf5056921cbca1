"""photdb psf: what the stars of a frame look like."""

import csv
import io
from pathlib import Path

import pytest

from photdb.cli import app as cli
from photdb.jobs import refcat
from photdb.jobs.ingest import ingest
from photdb.jobs.simulate import simulate
from photdb.store.database import Database

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    """A store with one frame."""
    folder = tmp_path_factory.mktemp("psf")
    path = folder / "s.duckdb"
    simulate(
        folder / "sim", size=300, scale=2.0, stars=90, faintest=17.5, fwhm=6.0, frames=1, calibrations=2, variables=0,
        eclipses=0,
    )  # fmt: skip
    refcat.add(folder / "sim/refcat.csv", "gaiaxp", store=path)
    ingest([folder / "sim"], store=path, workers=1)
    return path


def run(capsys, *words: str) -> tuple[int, str, str]:
    """Run a command; return its exit code, stdout and stderr."""
    code = cli.run(list(words))
    out = capsys.readouterr()
    return code, out.out, out.err


def test_a_model_is_built_kept_printed_and_drawn(store, tmp_path, capsys):
    plot = tmp_path / "psf.png"
    code, out, err = run(capsys, "psf", "1", "--kind", "empirical", "--plot", str(plot), "--db", str(store))
    assert code == 0
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["kind"], row["in_use"], row["oversampling"]) == ("empirical", "true", "2")
    assert 2.5 < float(row["fwhm_x"]) < 4.5
    assert 0.05 < float(row["zp_shift"]) < 0.15
    assert "kept" in err
    assert plot.stat().st_size > 20_000
    code, again, err = run(capsys, "psf", "light-r-000", "--db", str(store))
    assert (code, again) == (0, out)
    assert "kept" not in err
    with Database.open(store) as db:
        assert db.one("SELECT count(*) FROM run WHERE command = 'psf' AND state = 'done'") == 1


def test_what_cannot_be_is_refused_in_words(store, tmp_path, capsys):
    code, _, err = run(capsys, "psf", "99", "--db", str(store))
    assert code == 3
    assert "no frame '99'" in err
    code, _, err = run(capsys, "psf", "1", "--kind", "gauss", "--db", str(store))
    assert code == 2
    assert "moffat, empirical" in err
    code, _, err = run(capsys, "psf", "1", "--plot", str(tmp_path / "psf.txt"), "--db", str(store))
    assert code == 2
    assert ".png" in err
