"""Every audit finds what it looks for, and nothing in a sound store."""

import pytest
from stores import small_store

from photdb.jobs.compact import compact
from photdb.jobs.statistics import update_statistics
from photdb.resources import shipped
from photdb.store.database import Database, statement

#: A fault for each audit: what breaks a sound store in the way that it looks for.
FAULTS = {
    "activation_without_calibration": "INSERT INTO activation VALUES (99, 1, '2026-01-01', 3)",
    "alias_nowhere": "INSERT INTO object_alias VALUES (7, 8, 1)",
    "alias_unique": "INSERT INTO object_alias SELECT object_id, NULL, 1 FROM object LIMIT 1",
    "calibration_without_run": "UPDATE calibration SET run_id = 99",
    "cover_unique": "INSERT INTO frame_cover SELECT * FROM frame_cover LIMIT 1",
    "cover_without_frame": "INSERT INTO frame_cover VALUES (10, 5, 999)",
    "detection_impossible": "UPDATE detection_hot SET flux = 'nan' WHERE frame_id = 1",
    "detection_key": "UPDATE detection_hot SET skey = skey + 1 WHERE frame_id = 1",
    "detection_without_frame": "UPDATE detection_hot SET frame_id = 999 WHERE frame_id = 1",
    "detection_without_object": "DELETE FROM object WHERE object_id = (SELECT min(object_id) FROM object)",
    "ephemeris_without_target": "INSERT INTO ephemeris BY NAME "
    "SELECT 9 AS target_id, 60000 AS mjd, 10 AS ra, 20 AS dec, 'file' AS source",
    "file_unique": "INSERT INTO file SELECT * REPLACE (1000 AS file_id) FROM file LIMIT 1",
    "forced_detected": "UPDATE forced SET is_detected = false WHERE frame_id = 1",
    "forced_impossible": "UPDATE forced SET noise = NULL WHERE frame_id = 1",
    "forced_unique": "INSERT INTO forced SELECT * FROM forced WHERE frame_id = 3",
    "forced_without_frame": "UPDATE forced SET frame_id = 999 WHERE frame_id = 3",
    "forced_without_place": "UPDATE forced SET target_id = 99 WHERE frame_id = 1",
    "forced_without_psf": "UPDATE forced SET method = 'psf', aperture_id = -2 WHERE frame_id = 1",
    "frame_count": "UPDATE frame SET n_detections = 77 WHERE frame_id = 1",
    "frame_impossible": "UPDATE frame SET airmass = 0.5 WHERE frame_id = 1",
    "frame_without_cover": "DELETE FROM frame_cover WHERE frame_id = 1",
    "frame_without_file": "DELETE FROM file",
    "frame_without_master": "UPDATE frame SET flat_id = 42 WHERE frame_id = 1",
    "frame_without_run": "UPDATE frame SET run_id = 99 WHERE frame_id = 1",
    "negative_error": "UPDATE detection_hot SET flux_err = -1 WHERE frame_id = 1",
    "object_count": "UPDATE object SET n_detections = 1",
    "object_place": "UPDATE object SET ux = ux + 1e-6",
    "object_unique": "INSERT INTO object SELECT * FROM object",
    "one_detection_per_object": "INSERT INTO detection_hot SELECT * FROM detection_hot WHERE frame_id = 1",
    "pointer_unique": "INSERT INTO frame_calibration SELECT * FROM frame_calibration",
    "pointer_without_zeropoint": "DELETE FROM zeropoint WHERE frame_id = 1",
    "psf_unique": "INSERT INTO frame_psf BY NAME SELECT 999 AS frame_id, 'moffat' AS kind, 5 AS n_star, 0 AS degree, "
    "1 AS run_id, true AS in_use",
    "refmag_without_refstar": (
        "INSERT INTO refmag BY NAME SELECT 'ps1' AS catalog, 5 AS source_id, 'g' AS band, 12 AS mag, 0.01 AS mag_err, "
        "'AB' AS mag_system, true AS is_good"
    ),
    "relation_without_object": "INSERT INTO object_relation VALUES (7, 8, 'blend', 2.0, 1, 1, 2.0, 3.0)",
    "sky_body_without_query": "INSERT INTO sky_body BY NAME SELECT 9 AS query_id, 'Ceres' AS name, 10 AS ra, 20 AS dec",
    "statistics_without_frame": (
        "INSERT INTO statistics_frame BY NAME "
        "SELECT 999 AS frame_id, 1 AS run_id, 'AB' AS mag_system, '2017-12-19' AS night, 1 AS cal_id, 22.5 AS zp"
    ),
    "statistics_without_object": "UPDATE object_band SET object_id = 7",
    "target_position_without_target": "INSERT INTO target_position VALUES (9, 'a.fits', NULL, 10, 20)",
    "zeropoint_impossible": "UPDATE zeropoint SET zp = 'nan' WHERE frame_id = 1",
    "zeropoint_unique": "INSERT INTO zeropoint SELECT * FROM zeropoint",
    "zeropoint_without_calibration": "UPDATE zeropoint SET cal_id = 99 WHERE frame_id = 1",
    "zeropoint_without_frame": "UPDATE zeropoint SET frame_id = 999 WHERE frame_id = 1",
}
#: The same for compacted detections.
COLD_FAULTS = {
    "cold_code": "UPDATE detection_cold SET flux_auto = 3000000000 WHERE frame_id = 1",
    "cold_without_partition": "UPDATE detection_cold SET skey = 9000000000000000000 WHERE frame_id = 1",
    "partition_count": "DELETE FROM detection_cold WHERE frame_id = 1",
    "partition_order": "INSERT INTO detection_cold SELECT * FROM detection_cold WHERE frame_id = 1",
    "partition_overlap": "UPDATE hpx_partition SET key_hi = key_hi + 1 WHERE n_rows > 0",
}
AUDITS = sorted(f.name.removesuffix(".sql") for f in (shipped("schema") / "audits").iterdir())


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    with Database.open(small_store(tmp_path_factory.mktemp("audits") / "small.duckdb"), read_only=False) as db:
        update_statistics(db)
        yield db


@pytest.fixture(scope="module")
def compacted(tmp_path_factory):
    path = small_store(tmp_path_factory.mktemp("audits") / "cold.duckdb")
    compact(path, every=True)
    with Database.open(path, read_only=False) as db:
        assert db.one("SELECT count(*) FROM detection_hot") == 0
        yield db


@pytest.fixture
def store(sound):
    """The store, whose faults do not outlive a test."""
    sound.execute("BEGIN TRANSACTION")
    yield sound
    sound.execute("ROLLBACK")


def test_a_sound_store_passes_every_audit(store):
    assert store.audit() == {}


def test_a_compacted_store_passes_every_audit(compacted):
    assert compacted.audit() == {}


#: Further faults of an audit that looks for several things.
MORE_FAULTS = [
    (
        "forced_detected",
        "DELETE FROM detection_hot WHERE frame_id = 2 AND object_id = (SELECT min(object_id) FROM forced)",
    ),
    ("forced_impossible", "UPDATE forced SET flux_err = NULL WHERE frame_id = 1"),
    ("forced_impossible", "UPDATE forced SET x = 5000 WHERE frame_id = 1"),
    ("forced_impossible", "UPDATE forced SET flux = 'nan' WHERE frame_id = 1"),
    ("forced_impossible", "UPDATE forced SET reason = 'and yet it has one' WHERE frame_id = 1"),
    ("forced_impossible", "UPDATE forced SET reason = NULL WHERE frame_id = 3"),
    ("forced_impossible", "UPDATE forced SET err_source = 1, err_pixels = 1, err_background = 1 WHERE frame_id = 1"),
    ("forced_impossible", "UPDATE forced SET frac_edge = 1.5 WHERE frame_id = 1"),
    ("forced_without_frame", "UPDATE frame SET state = 'rejected' WHERE frame_id = 1"),
    ("forced_without_place", "UPDATE forced SET object_id = 7 WHERE frame_id = 1"),
    ("forced_without_place", "UPDATE forced SET object_id = NULL WHERE frame_id = 1"),
    ("sky_body_without_query", "INSERT INTO sky_body_query VALUES (1, 10, 20, 1, 60000, '500', 3, '2026-01-01')"),
]


@pytest.mark.parametrize(("name", "fault"), MORE_FAULTS)
def test_an_audit_finds_each_fault_it_looks_for(store, name, fault):
    store.execute(fault)
    assert len(store.rows(statement("audits", name)))


def test_every_audit_is_tried():
    assert sorted(FAULTS | COLD_FAULTS) == AUDITS


@pytest.mark.parametrize("name", FAULTS)
def test_an_audit_finds_the_fault_it_looks_for(store, name):
    store.execute(FAULTS[name])
    assert len(store.rows(statement("audits", name)))


@pytest.mark.parametrize("name", COLD_FAULTS)
def test_an_audit_of_compacted_detections_finds_the_fault_it_looks_for(compacted, name):
    compacted.execute("BEGIN TRANSACTION")
    try:
        compacted.execute(COLD_FAULTS[name])
        assert len(compacted.rows(statement("audits", name)))
    finally:
        compacted.execute("ROLLBACK")
