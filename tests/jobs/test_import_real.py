"""Light curves and source tables that others published give the periods that they published."""

import numpy as np
import pytest

from photdb.jobs.import_files import import_files
from photdb.jobs.import_rows import Given
from photdb.store.database import Database

pytestmark = pytest.mark.slow


def period_near(time, mag, err, expected: float, *, harmonics: int = 4) -> float:
    """The best period within 10 per cent of the expected one (d), by Lomb and Scargle with some harmonics."""
    from astropy.timeseries import LombScargle

    power = LombScargle(time, mag, err, nterms=harmonics)
    span = time.max() - time.min()
    step = 0.2 / span
    frequency = np.arange(0.9 / expected, 1.1 / expected, step)
    rough = frequency[np.argmax(power.power(frequency, method="chi2"))]
    fine = np.linspace(rough - step, rough + step, 41)
    return float(1 / fine[np.argmax(power.power(fine, method="chi2"))])


def test_stripe_82s_rr_lyrae_have_their_published_periods(shared_data, tmp_path):
    import gzip

    folder = shared_data / "lightcurves"
    table = gzip.decompress((folder / "s82_rrlyr" / "table3.dat.gz").read_bytes())
    (tmp_path / "stars.txt").write_bytes(table)
    curves = folder / "lc_rrlyrae" / "light-curves"
    store = tmp_path / "s82.duckdb"
    done = import_files(
        [curves], store=store, given=Given(mag_system="AB"), objects=tmp_path / "stars.txt", prefix="S82"
    )
    assert (done.n_files, done.n_failed, done.n_new_objects, done.n_targets) == (483, 0, 483, 483)
    assert done.n_rows + sum(done.left_out.values()) == 136_679 - 483  # a line of names in each file
    published = {
        line.split(",")[0]: float(line.split(",")[2])
        for line in (folder / "lc_rrlyrae" / "periods.csv").read_text().splitlines()[1:]
    }
    with Database.open(store) as db:
        assert db.audit() == {}
        assert {row[0] for row in db.rows("SELECT DISTINCT mag_system FROM lightcurve").rows} == {"AB"}
        for name in ("4099", "13350", "15927", "20406"):
            sql = (
                "SELECT mjd_mid, mag, mag_err FROM lightcurve JOIN frame USING (frame_id, band, mjd_mid) "
                "WHERE object_name = $name AND band = 'g' AND mag_err > 0 ORDER BY mjd_mid"
            )
            time, mag, err = (np.array(c, dtype=float) for c in zip(*db.rows(sql, {"name": name}).rows, strict=True))
            assert period_near(time, mag, err, published[name]) == pytest.approx(published[name], rel=1e-5), name


def test_af_vel_pulses_with_its_period(shared_data, tmp_path):
    store = tmp_path / "afvel.duckdb"
    done = import_files([shared_data / "lco_afvel"], store=store)
    assert (done.n_files, done.n_failed, done.n_rows) == (29, 1, 12_006)
    with Database.open(store) as db:
        assert db.audit() == {}
        (reason,) = db.rows("SELECT reason FROM frame WHERE state = 'failed'").rows[0]
        assert "is empty" in reason
        rows = db.rows(
            "SELECT l.bjd_tdb, l.mag, l.mag_err, l.mag_system, f.path FROM lightcurve AS l "
            "JOIN frame AS f ON f.frame_id = l.frame_id "
            "JOIN zeropoint_active AS z ON z.frame_id = l.frame_id AND z.aperture_id = 0 "
            "WHERE object_id = (SELECT object_id FROM cone(163.26037, -49.90632, 3)) AND z.flag = 0"
        ).rows
    time, mag, err = (np.array([r[k] for r in rows], dtype=float) for k in range(3))
    assert {r[3] for r in rows} == {"relative"}
    good = np.abs(mag - np.median(mag)) < 0.8  # two frames of another camera are too faint
    assert good.sum() >= 22
    assert 0.7 < np.ptp(mag[good]) < 1.3  # V 10.85 to 11.75, on a scale of its own
    found = period_near(time[good], mag[good], np.hypot(err[good], 0.02), 0.5274, harmonics=3)
    assert found == pytest.approx(0.5274, abs=0.0008)
    # the files' names have the BJD (TDB) of mid-exposure
    named = [float(r[4].split("_V_")[1].split("_")[0].replace("d", ".")) for r in rows]
    assert np.abs(time - named).max() * 86400 < 3
