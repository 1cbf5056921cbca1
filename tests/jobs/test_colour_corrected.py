"""Magnitudes of a star's own colour: right where the colour is known, absent where it is not."""

import numpy as np
import polars as pl
import pytest
from zeropoint_store import REFERENCE_EPOCH, Sky, add_frame, add_objects, add_reference, new_store, random_sky

from photdb import query
from photdb.catalogs.reference import at_epoch
from photdb.store.database import Database

N = 300
YEAR = 2025.9
PIVOT = 0.8
#: What the instrument adds to a magnitude, per magnitude of g - i from the pivot; the fitted term is its negative.
RESPONSE = {"g": 0.06, "i": -0.03}
ZP = {"g": 22.0, "i": 21.5, "V": 21.0}


def simulated(
    bands: str = "gi",
    *,
    reference: bool = False,
    response: dict[str, float] = RESPONSE,
    system: str = "AB",
    pm: float = 0.0,
    index: str = "g-i",
) -> tuple[Database, pl.DataFrame]:
    """A store of three frames a band, stars of -0.5 to 2.5 in g - i, hardly any noise; and the truth."""
    rng = np.random.default_rng(5)
    places = random_sky(rng, N)
    colour = rng.uniform(-0.5, 2.5, N)
    i = rng.uniform(12, 15, N)
    true = {"i": i, "g": i + colour}
    sky = Sky(places.ra, places.dec, i, np.full(N, pm), np.full(N, -pm))
    db = new_store()
    add_objects(db, sky, year=YEAR)
    db.insert("calibration", [{"cal_id": 1, "run_id": 1, "method": "catalogue", "settings": "{}",
                               "created": "2026-01-01"}])  # fmt: skip
    ra, dec = at_epoch(sky.ra, sky.dec, sky.pm_ra, sky.pm_dec, REFERENCE_EPOCH, YEAR)
    for number, band in enumerate(bands * 3, start=1):
        seen = Sky(ra, dec, true[band] + response[band] * (colour - PIVOT))
        add_frame(db, rng, seen, number, ZP[band], band=band, fluxes=10 ** (-0.4 * (seen.mag - ZP[band])))
        db.insert("zeropoint", [{
            "cal_id": 1, "frame_id": number, "aperture_id": 0, "zp": ZP[band], "zp_err": 0.003, "zp_sys": 0.004,
            "n_star": N, "n_candidate": N, "catalog": "ps1", "ref_band": band, "colour": index,
            "colour_pivot": PIVOT, "colour_term": -response[band], "limit_mag": 17.0, "limit_3_mag": 17.6,
            "mag_system": system, "flag": 0,
        }])  # fmt: skip
        db.insert("frame_calibration", [{"frame_id": number, "cal_id": 1}])
    if reference:
        for name in "gi":
            add_reference(db, sky, true[name], catalog="ps1", band=name)
        db.execute("CREATE TEMP TABLE one AS SELECT DISTINCT * FROM refstar")
        db.execute("DELETE FROM refstar")
        db.execute("INSERT INTO refstar SELECT * FROM one")
    truth = pl.DataFrame({"object_id": np.arange(1, N + 1), "g": true["g"], "i": i, "true_colour": colour})
    return db, truth


def exported(db: Database, truth: pl.DataFrame, **options) -> pl.DataFrame:
    table = pl.from_arrow(query.export(db, "lightcurve", colour_corrected=True, **options).arrow())
    return table.join(truth, on="object_id")


def slope(rows: pl.DataFrame, band: str) -> float:
    """mag per mag of the error against the colour."""
    mine = rows.filter(pl.col("band") == band)
    return float(np.polyfit(mine["true_colour"], mine["mag"] - mine[band], 1)[0])


@pytest.mark.parametrize(("bands", "reference"), [("gi", False), ("gi", True), ("g", True), ("i", True)])
def test_after_the_correction_magnitudes_do_not_depend_on_the_colour(bands, reference):
    db, truth = simulated(bands, reference=reference)
    rows = exported(db, truth)
    assert rows["mag"].null_count() == 0
    assert set(rows["colour_source"]) == {"own" if len(bands) == 2 else "catalogue"}
    for band in bands:
        uncorrected = pl.from_arrow(query.export(db, "lightcurve").arrow()).join(truth, on="object_id")
        assert slope(uncorrected, band) == pytest.approx(RESPONSE[band], abs=1e-3)
        assert abs(slope(rows, band)) < 1e-4
        mine = rows.filter(pl.col("band") == band)
        assert (mine["mag"] - mine[band]).abs().max() < 1e-4
        assert (mine["flux_mjy"] / (3631e3 * 10 ** (-0.4 * mine["mag"])) - 1).abs().max() < 1e-9
    assert (rows["colour"] - rows["true_colour"]).abs().max() < 1e-4


def test_the_own_colour_is_that_of_the_corrected_magnitudes():
    db, _ = simulated(response={"g": 0.4, "i": -0.3})
    rows = pl.from_arrow(query.export(db, "lightcurve", colour_corrected=True).arrow())
    means = rows.group_by("object_id", "band").agg(pl.col("mag").mean(), pl.col("colour").mean())
    wide = means.pivot(on="band", index=["object_id"], values=["mag", "colour"])
    assert (wide["mag_g"] - wide["mag_i"] - wide["colour_g"]).abs().max() < 1e-9


def test_a_star_that_moves_finds_its_own_entry_in_the_catalogue():
    db, truth = simulated("g", reference=True, pm=900.0)  # 13 arcsec in ten years; a match is within 2
    assert set(exported(db, truth)["colour_source"]) == {"catalogue"}
    assert abs(slope(exported(db, truth), "g")) < 1e-4


def test_a_star_of_unknown_colour_has_no_magnitude_and_it_is_said():
    db, truth = simulated("g")
    rows = exported(db, truth)
    assert rows["mag"].null_count() == rows["flux_mjy"].null_count() == len(rows) == 3 * N
    assert set(rows["colour_source"]) == {"unknown"}
    assert rows["flux"].null_count() == 0
    note = query.colour_note(db)
    assert (note.n_unknown, note.n_object, note.indices, note.catalogs) == (3 * N, N, "g-i", "ps1")
    assert "g-i" in note.lines()[0]


def test_a_band_that_is_only_relative_gives_no_colour():
    db, truth = simulated(system="relative")
    assert set(exported(db, truth)["colour_source"]) == {"unknown"}


def test_a_bad_star_of_the_catalogue_gives_no_colour():
    db, truth = simulated("g", reference=True)
    db.execute("UPDATE refmag SET is_good = source_id <> 7 WHERE band = 'i'")
    rows = exported(db, truth)
    assert set(rows.filter(pl.col("colour_source") == "unknown")["object_id"]) == {8}  # its source_id is 7
    assert query.colour_note(db).n_unknown == 3


def test_saturated_points_take_no_part_in_the_colour():
    db, truth = simulated()
    db.execute("UPDATE detection_hot SET flux = flux * 0.5, flags = 4 WHERE object_id = 3 AND frame_id IN (1, 3)")
    rows = exported(db, truth).filter(pl.col("object_id") == 3)
    assert (rows["colour"] - rows["true_colour"]).abs().max() < 1e-4


def test_without_a_colour_term_a_magnitude_stays_and_it_is_said():
    db, truth = simulated()
    db.execute("UPDATE zeropoint SET colour_term = NULL, colour = NULL, colour_pivot = NULL")
    plain = pl.from_arrow(query.export(db, "lightcurve").arrow())
    rows = exported(db, truth)
    assert rows["mag"].to_list() == plain["mag"].to_list()
    assert rows["colour_source"].null_count() == len(rows)
    assert "nothing was corrected" in query.colour_note(db).lines()[0]


def test_a_band_with_its_term_in_another_index_is_corrected_by_that_first():
    """g and i have terms in g - i, and V has one in V - i: its colour needs the corrected i."""
    db, truth = simulated()
    rng = np.random.default_rng(1)
    stars = pl.from_arrow(db.arrow("SELECT ra, dec FROM object ORDER BY object_id")).to_dict(as_series=False)
    v = truth["i"].to_numpy() + 0.6 * truth["true_colour"].to_numpy()
    seen = v + 0.1 * (v - truth["i"].to_numpy() - 0.5)
    sky = Sky(np.array(stars["ra"]), np.array(stars["dec"]), seen)
    add_frame(db, rng, sky, 99, ZP["V"], band="V", fluxes=10 ** (-0.4 * (seen - ZP["V"])))
    db.insert("zeropoint", [{
        "cal_id": 1, "frame_id": 99, "aperture_id": 0, "zp": ZP["V"], "n_star": N, "n_candidate": N, "catalog": "ps1",
        "colour": "V-i", "colour_pivot": 0.5, "colour_term": -0.1, "mag_system": "Vega", "flag": 0,
    }])  # fmt: skip
    db.insert("frame_calibration", [{"frame_id": 99, "cal_id": 1}])
    rows = exported(db, truth.with_columns(V=v), band="V")
    assert (rows["mag"] - rows["V"]).abs().max() < 1e-4
    assert set(rows["colour_source"]) == {"own"}
    assert rows["flux_mjy"].null_count() == len(rows)  # Vega without a known offset to AB


def test_light_curve_cone_and_export_agree():
    db, truth = simulated()
    rows = exported(db, truth).filter(pl.col("object_id") == 5).sort("mjd_mid")
    curve = query.light_curve(db, 5, colour_corrected=True)
    assert [c.name for c in curve.columns][-2:] == ["colour", "colour_source"]
    one = pl.from_arrow(curve.arrow())
    for name in ("mag", "flux_mjy", "colour", "colour_source"):
        assert one[name].to_list() == pytest.approx(rows[name].to_list())
    place = db.rows("SELECT ra, dec FROM object WHERE object_id = 5").rows[0]
    near = pl.from_arrow(query.cone(db, *place, 1.0, colour_corrected=True).arrow()).filter(pl.col("object_id") == 5)
    assert dict(near.select("band", "median_mag").iter_rows()) == pytest.approx(
        dict(rows.group_by("band").agg(pl.col("mag").median()).iter_rows())
    )
    assert near["colour_source"].to_list() == ["own", "own"]


def test_every_column_can_be_had_and_the_usual_ones_stay_first():
    db, _ = simulated()
    usual = [c.name for c in query.light_curve(db, 5).columns]
    everything = query.light_curve(db, 5, all_columns=True)
    assert [c.name for c in everything.columns] == [*usual, *query.MORE_COLUMNS]
    rows = pl.from_arrow(everything.arrow())
    assert rows["mag"].to_list() == pl.from_arrow(query.light_curve(db, 5).arrow())["mag"].to_list()
    total = (rows["mag_err"] ** 2 + 0.003**2 + 0.004**2).sqrt()
    assert rows["mag_err_total"].to_list() == pytest.approx(total.to_list(), rel=1e-12)
    view = db.rows("SELECT mag_err_total, limit_3_mag FROM lightcurve WHERE object_id = 5 ORDER BY mjd_mid").rows
    assert [v[0] for v in view] == pytest.approx(total.to_list(), rel=1e-12)
    assert {v[1] for v in view} == {17.6} == set(rows["limit_3_mag"])
