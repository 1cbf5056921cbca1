"""PP's light curve of a star: its header, its columns, its widths, its sums."""

import io

import pytest
from stores import FAINT, N_FRAMES, STAR, WITHOUT_ZP

from photdb import query
from photdb.errors import UsageError
from photdb.output import formats, pp
from photdb.store.database import Database

#: The header line of PP's pp_distill (mommermi/photometrypipeline, commit dbc6047).
HEADER = (
    "#                           filename     julian_date      mag    sig     source_ra    source_dec   [1]   [2]   [3]"
    '   [4]    [5]       ZP ZP_sig inst_mag in_sig               [6] [7] [8]    [9]          [10] FWHM"'
)


@pytest.fixture
def store(small_store):
    with Database.open(small_store) as opened:
        yield opened


def written(store: Database, object_id: int, band: str | None = None) -> list[str]:
    out = io.StringIO()
    n = pp.stream(query.export(store, "lightcurve", objects=[object_id], band=band, question=pp.QUESTION), out)
    lines = out.getvalue().splitlines()
    assert n == len([line for line in lines[1:] if len(line) > 100])
    return lines


def test_the_header_is_the_one_that_pp_writes(store):
    assert written(store, STAR)[0] == HEADER


def test_a_line_has_pps_columns_at_pps_places(store):
    line = written(store, STAR, "g")[1]
    assert line[:37] == " " + f"{'frame-001.fits':>35}" + " "
    assert line[37:53] == f"{58107.1 + 2400000.5:15.7f} "
    assert len(line.split()) == 21
    assert line.endswith("simulator      APER  nan")  # a store without pixel scales


def test_magnitudes_are_sums_in_counts_of_the_exposure(store):
    words = written(store, STAR, "g")[1].split()
    mag, sig, zp, zp_sig, inst, in_sig = (float(words[k]) for k in (2, 3, 11, 12, 13, 14))
    row = store.rows(
        f"SELECT mag, mag_err_total, flux FROM lightcurve WHERE object_id = {STAR} AND band = 'g' ORDER BY mjd_mid"
    ).rows[0]
    assert (mag, sig) == pytest.approx(row[:2], abs=6e-5)
    assert mag == pytest.approx(inst + zp, abs=1.1e-4)
    assert sig == pytest.approx((zp_sig**2 + in_sig**2) ** 0.5, abs=1e-4)
    assert zp == pytest.approx(22.5 + 4.44538, abs=1e-4)  # 60 s
    assert zp_sig == pytest.approx((0.002**2 + 0.01**2) ** 0.5, abs=1e-4)


def test_a_relative_magnitude_does_not_look_calibrated(store):
    words = [line.lstrip("#").split() for line in written(store, STAR, "r") if "frame-" in line]
    assert {(w[15], w[16]) for w in words} == {("relative", "-"), ("instrumental", "-")}
    assert len(words) == N_FRAMES // 2


def test_what_has_no_magnitude_is_commented_out_and_stays(store):
    lines = [line for line in written(store, FAINT) if ".fits" in line]
    assert len(lines) == N_FRAMES
    out = [line for line in lines if line.startswith("#")]
    negative = [k for k in range(1, N_FRAMES + 1) if k % 3 == 0 or k == WITHOUT_ZP]
    assert [int(line.split("frame-")[1][:3]) for line in out] == negative
    assert all("nan" in line for line in out)


def test_flags_are_source_extractors(store):
    lines = [line.split() for line in written(store, FAINT) if ".fits" in line and not line.startswith("#")]
    flags = {words[0]: words[17] for words in lines}
    assert (flags["frame-001.fits"], flags["frame-004.fits"]) == ("0", "6")


def test_two_objects_are_refused(store, tmp_path):
    answer = query.export(store, "lightcurve", objects=[STAR, FAINT], question=pp.QUESTION)
    with pytest.raises(UsageError, match="one object"):
        formats.write_file(answer, tmp_path / "photometry_x.dat", "pp")
    assert not list(tmp_path.iterdir())


def test_another_answer_is_refused(store, tmp_path):
    with pytest.raises(UsageError, match="columns of its own"):
        formats.write_file(query.light_curve(store, STAR), tmp_path / "x.dat", "pp")
    assert "pp" not in formats.formats()
    assert formats.programs() == {
        "aavso": "lightcurve",
        "ades": "lightcurve",
        "ezphot": "detection",
        "mpc": "lightcurve",
        "pp": "lightcurve",
        "pp_sqlite": "detection",
    }
