"""Headers as text in, expected facts out: every telescope file has its headers in tests/data/headers."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photdb.ingest.cards import Cards
from photdb.ingest.fits import header_of_text
from photdb.ingest.frame_header import FrameHeader
from photdb.ingest.header import understand
from photdb.ingest.telescope import load_telescopes

HEADERS = Path(__file__).parents[1] / "data" / "headers"
TELESCOPES = load_telescopes([Path(__file__).parents[2] / "ingest" / "telescopes"])
NAMES = sorted(file.stem for file in HEADERS.glob("*.hdr"))

WELL_FORMED = """\
SIMPLE  =                    T
BITPIX  =                   16
NAXIS   =                    2
NAXIS1  =                  100
NAXIS2  =                   80
BZERO   =                32768
IMAGETYP= 'light   '
EXPTIME =                 60.0
FILTER  = 'V       '
DATE-OBS= '2024-01-01T00:00:00'
TIMESYS = 'UTC     '
GAIN    =                  2.0
RDNOISE =                  5.0
SATURATE=              50000.0
SITELAT =                 10.0
SITELONG=                -20.0
SITEELEV=                100.0
RA      = '05:00:00'
DEC     = '-10:00:00'
"""


def read(text: str) -> FrameHeader:
    """Understand a header given as text."""
    header = header_of_text(text)
    return understand(header, TELESCOPES.find(header.cards), path=Path("frame.fits"), hdu=0)


def changed(**cards: str | None) -> FrameHeader:
    """Understand the well-formed header with cards replaced, added or (None) taken away."""
    names = {name.replace("_", "-"): value for name, value in cards.items()}
    lines = [line for line in WELL_FORMED.splitlines() if line[:8].strip() not in names]
    return read("\n".join(lines + [f"{name:<8}= {value}" for name, value in names.items() if value is not None]))


@pytest.mark.parametrize("name", NAMES)
def test_a_known_header_is_understood(name: str) -> None:
    expected = tomllib.loads((HEADERS / f"{name}.toml").read_text())
    frame = read((HEADERS / f"{name}.hdr").read_text())
    assert sorted({guess.partition(":")[0] for guess in frame.guesses}) == expected.pop("guessed"), frame.guesses
    problems = expected.pop("problems", [])
    assert len(frame.problems) == len(problems), frame.problems
    assert all(piece in said for piece, said in zip(problems, frame.problems, strict=True)), frame.problems
    for field in expected.pop("absent", []):
        assert getattr(frame, field) is None, field
    if "wcs_type" in expected:
        assert frame.wcs is not None
        assert f"'{expected.pop('wcs_type')}'" in frame.wcs
    for field in ("trim", "overscan"):
        if field in expected:
            section = getattr(frame, field)
            assert [section.x0, section.x1, section.y0, section.y1] == expected.pop(field)
    if "site" in expected:
        site = expected.pop("site")
        assert frame.site is not None
        for key, value in site.items():
            assert getattr(frame.site, key) == pytest.approx(value, abs=1e-5), key
    if "binning" in expected:
        assert list(frame.binning) == expected.pop("binning")
    for field, value in expected.items():
        tolerance = {"mjd_start": 2e-8, "mjd_mid": 2e-8, "airmass": 1e-4, "pixel_scale": 1e-3}.get(field, 1e-4)
        close = pytest.approx(value, abs=tolerance) if isinstance(value, float) else value
        assert getattr(frame, field) == close, field


def test_every_telescope_file_has_a_header_to_prove_it() -> None:
    proven = {tomllib.loads((HEADERS / f"{name}.toml").read_text())["telescope"] for name in NAMES}
    assert proven == {telescope.name for telescope in TELESCOPES.files}


def test_a_well_formed_header_leaves_little_to_guess() -> None:
    frame = changed()
    assert frame.problems == ()
    assert {guess.partition(":")[0] for guess in frame.guesses} == {"gain", "mjd_mid", "site"}
    assert frame.is_guess("gain")
    assert not frame.is_guess("read_noise")


@pytest.mark.parametrize(
    ("cards", "problem"),
    [
        ({"EXPTIME": None}, "no exposure time (EXPTIME, EXPOSURE"),
        ({"EXPTIME": "-3.0"}, "no exposure time"),
        ({"EXPTIME": "0.0"}, "the exposure time is 0 s"),
        ({"DATE_OBS": None}, "no time of observation (DATE-AVG"),
        ({"DATE_OBS": "'2024-02-30T00:00:00'"}, "DATE-OBS = '2024-02-30T00:00:00' is an impossible date"),
        ({"DATE_OBS": "'0000-00-00T00:00:00'"}, "the year 0 is outside"),
        ({"DATE_OBS": "'2024-01-01T25:00:00'"}, "'25:00:00' is an impossible time of day"),
        ({"DATE_OBS": "'yesterday'"}, "'yesterday' is not a date"),
        ({"DATE_OBS": "'2024-01-01'"}, "DATE-OBS = '2024-01-01' has no time of day"),
        ({"NAXIS": "3", "NAXIS3": "3"}, "3 axes (100 x 80 x 3)"),
        ({"NAXIS": "1"}, "1 axes (100)"),
    ],
)
def test_what_forbids_a_science_frame_is_named(cards: dict[str, str | None], problem: str) -> None:
    assert any(problem in said for said in changed(**cards).problems), changed(**cards).problems


def test_a_cube_of_one_plane_is_an_image() -> None:
    frame = changed(NAXIS="3", NAXIS3="1")
    assert (frame.n_axes, frame.problems) == (2, ())


def test_a_missing_filter_is_no_problem_but_a_guess() -> None:
    frame = changed(FILTER=None)
    assert (frame.filter, frame.band, frame.problems) == (None, "unknown", ())
    assert frame.is_guess("filter")


def test_an_unknown_filter_is_a_band_of_its_own() -> None:
    frame = changed(FILTER="'Wratten 21'")
    assert (frame.filter, frame.band) == ("Wratten 21", "Wratten_21")
    assert frame.is_guess("filter")


@pytest.mark.parametrize(("card", "field"), [("GAIN", "gain"), ("SATURATE", "saturation"), ("RDNOISE", "read_noise")])
@pytest.mark.parametrize("value", ["0", "-1.0", "0.0"])
def test_a_zero_or_negative_value_is_disregarded_and_said(card: str, field: str, value: str) -> None:
    frame = changed(**{card: value})
    assert getattr(frame, field) == {"gain": 1.0, "saturation": 65535.0, "read_noise": 10.0}[field]
    assert any(f"{card} = {float(value):g} is not a possible value" in guess for guess in frame.guesses)


@pytest.mark.parametrize(
    "cards",
    [
        {"GAIN": "100"},
        {"GAIN": "2", "OFFSET": "10"},
        {"GAIN": "2 / Sensor gain"},
        {"GAIN": "2 / [ADU/e-]"},
        {"GAIN": "2", "SWCREATE": "'SharpCap v4.1'"},
        {"GAIN": "2", "CREATOR": "'ZWO ASIAIR Plus'"},
    ],
)
def test_a_camera_setting_is_never_taken_for_electrons(cards: dict[str, str | None]) -> None:
    frame = changed(**cards)
    assert frame.gain == 1.0
    assert frame.is_guess("gain")


def test_a_comment_that_names_electrons_makes_gain_sure() -> None:
    assert not changed(GAIN="2.0 / [electrons/count] Pixel gain").is_guess("gain")
    assert not changed(GAIN="2.0 / CCD gain (e-/ADU)").is_guess("gain")


@pytest.mark.parametrize(
    ("cards", "hours"),
    [
        ({"MJD_OBS": "60310.0001"}, None),
        ({"JD": "2460310.5003"}, None),
        ({"MJD_OBS": "60310.29167"}, 7.0),  # DATE-OBS is local time
        ({"JD": "2460310.0"}, -12.0),  # JD wrong by half a day
    ],
)
def test_a_second_clock_in_the_header_is_compared(cards: dict[str, str], hours: float | None) -> None:
    frame = changed(**cards)
    said = [guess for guess in frame.guesses if "differs" in guess]
    assert len(said) == (hours is not None)
    if hours is not None:
        assert f"{next(iter(cards)).replace('_', '-')} differs from it by {hours:+.2f} h" in said[0]


@pytest.mark.parametrize(
    ("lst", "longitude"),
    [("'05:21:17'", -20.0), ("'08:01:17'", 20.0), ("'17:00:00'", -20.0), (None, -20.0)],
)
def test_the_sidereal_time_tells_east_from_west(lst: str | None, longitude: float) -> None:
    # Greenwich sidereal time at 2024-01-01 0h UT is 6h 41m 17s
    frame = changed(LST=lst)
    assert frame.site is not None
    assert frame.site.longitude == longitude
    assert any("sidereal" in guess for guess in frame.guesses) == (longitude == 20.0)


def test_egain_counts_before_gain() -> None:
    frame = changed(EGAIN="0.25", GAIN="200")
    assert frame.gain == 0.25
    assert not frame.is_guess("gain")


@pytest.mark.parametrize(
    ("cards", "ra"),
    [
        ({"RA": "'05:00:00'"}, 75.0),
        ({"RA": "'05 00 00'"}, 75.0),
        ({"RA": "'5h00m00s'"}, 75.0),
        ({"RA": "'75d00m00s'"}, 75.0),
        ({"RA": "'75:00:00'"}, 75.0),
        ({"RA": "75.0"}, 75.0),
        ({"RA": "'75.0'"}, 75.0),
        ({"RA": "5.0 / [deg] pointing"}, 5.0),
        ({"RA": "5.0 / Right ascension, hours"}, 75.0),
        ({"RA": "5.0", "OBJCTRA": "'05 00 10'", "OBJCTDEC": "'-10 00 00'"}, 75.0),
        ({"RA": "5.0", "OBJCTRA": "'00 20 10'", "OBJCTDEC": "'-10 00 00'"}, 5.0),
        ({"RA": "5.0", "CTYPE1": "'RA---TAN'", "CTYPE2": "'DEC--TAN'", "CRVAL1": "75.1", "CRVAL2": "-10.0",
          "CRPIX1": "50.0", "CRPIX2": "40.0", "CDELT1": "-0.001", "CDELT2": "0.001"}, 75.0),
        ({"RA": None, "OBJCTRA": "'05 00 00'", "OBJCTDEC": "'-10 00 00'", "DEC": None}, 75.0),
    ],
)  # fmt: skip
def test_hours_and_degrees_are_told_apart(cards: dict[str, str | None], ra: float) -> None:
    frame = changed(**cards)
    assert frame.ra == pytest.approx(ra)
    assert not frame.is_guess("ra")


def test_a_number_that_may_be_hours_is_a_guess() -> None:
    frame = changed(RA="5.0")
    assert frame.ra == 5.0
    assert frame.is_guess("ra")


@pytest.mark.parametrize(
    ("text", "dec"), [("'-00:30:00'", -0.5), ("'-0 30 36'", -0.51), ("-0.5", -0.5), ("'+5d30m'", 5.5)]
)
def test_a_declination_keeps_its_sign(text: str, dec: float) -> None:
    assert changed(DEC=text).dec == pytest.approx(dec)


@pytest.mark.parametrize(
    ("cards", "mjd"),
    [
        ({"DATE_OBS": "'2024-01-01T00:00:00Z'"}, 60310.0),
        ({"DATE_OBS": "'2023-12-31T17:00:00-0700'"}, 60310.0),
        ({"DATE_OBS": "'2024-01-01T05:30:00+05:30'"}, 60310.0),
        ({"DATE_OBS": "'2024-01-01T00:01:09.184'", "TIMESYS": "'TT'"}, 60310.0),
        ({"DATE_OBS": "'2024-01-01T00:00:37'", "TIMESYS": "'TAI'"}, 60310.0),
        ({"DATE_OBS": "'2024-01-01'", "TIME_OBS": "'00:00:00'"}, 60310.0),
        ({"DATE_OBS": "'2024/01/01'", "UT": "'00:00:00.0'"}, 60310.0),
        ({"DATE_OBS": "'2024-01-01'", "UT": "'2024-01-01T00:00:00'"}, 60310.0),
        ({"DATE_OBS": None, "MJD_OBS": "60310.0"}, 60310.0),
        ({"DATE_OBS": None, "MJD_OBS": "'60310.0'"}, 60310.0),
        ({"DATE_OBS": None, "JD": "2460310.5"}, 60310.0),
        ({"DATE_AVG": "'2024-01-01T00:00:30'", "DATE_OBS": "'2030-01-01T00:00:00'"}, 60310.0),
        ({"DATE_OBS": None, "DATE_END": "'2024-01-01T00:01:00'"}, 60310.0),
        ({"DATE_OBS": None, "DATE_BEG": "'2024-01-01T00:00:00'"}, 60310.0),
    ],
)
def test_every_way_to_tell_the_time_gives_the_same_start(cards: dict[str, str | None], mjd: float) -> None:
    frame = changed(**cards)
    assert frame.problems == ()
    assert frame.mjd_start == pytest.approx(mjd, abs=2e-8)
    assert frame.mjd_mid == pytest.approx(mjd + 30 / 86400, abs=2e-8)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Light Frame", "light"), ("LIGHT", "light"), ("object", "light"), ("EXPOSE", "light"), ("Bias Frame", "bias"),
        ("zero", "bias"), ("Dark Frame", "dark"), ("FLATDARK", "dark"), ("Dark Flat", "dark"), ("Flat Field", "flat"),
        ("SKYFLAT", "flat"), ("DOMEFLAT", "flat"), ("Master Dark", "other"), ("focus", "other"), ("nonsense", "other"),
    ],
)  # fmt: skip
def test_the_type_is_read_from_its_many_words(word: str, kind: str) -> None:
    assert changed(IMAGETYP=f"'{word}'").image_type == kind


@pytest.mark.parametrize(
    ("obj", "kind"), [("bias", "bias"), ("Dark 60s", "dark"), ("V twil flat", "flat"), ("Flaming", "light")]
)
def test_without_a_card_the_object_tells_the_type(obj: str, kind: str) -> None:
    frame = changed(IMAGETYP=None, OBJECT=f"'{obj}'")
    assert frame.image_type == kind
    assert frame.is_guess("image_type")


@pytest.mark.parametrize("section", ["'[0:0,0:0]'", "'[1:100,1:80]'", "'UNKNOWN'", "'[1:2000,1:80]'", "''"])
def test_a_section_that_cuts_nothing_or_nonsense_is_none(section: str) -> None:
    frame = changed(TRIMSEC=section)
    assert frame.trim is None
    assert frame.is_guess("trim") == (section == "'[1:2000,1:80]'")


def test_the_geocentric_cards_of_the_standard_give_a_site() -> None:
    frame = changed(SITELAT=None, SITELONG=None, SITEELEV=None,
                    OBSGEO_X="1938093.94", OBSGEO_Y="-5223931.81", OBSGEO_Z="-3076875.9")  # fmt: skip
    assert frame.site is not None
    assert frame.site.latitude == pytest.approx(-29.0, abs=0.1)
    assert frame.site.longitude == pytest.approx(-69.645, abs=0.01)


def test_a_site_at_zero_zero_is_no_site() -> None:
    frame = changed(SITELAT="0.0", SITELONG="0.0")
    assert frame.site is None
    assert frame.airmass is None


ALL_CARDS = {name: (HEADERS / f"{name}.hdr").read_text().splitlines() for name in NAMES}
ODD = [
    *(
        "''",
        "'",
        "/",
        "T",
        "F",
        "-0",
        "NaN",
        "inf",
        "-1",
        "0",
        "1e308",
        "1E999",
        "999999999999",
        "'-1'",
        "' / '",
        "'nan'",
    ),
    *(
        "'::'",
        "'1:2:3'",
        "'24:00:00'",
        "'-00:00:00'",
        "'[1:2,3:4]'",
        "'[9:1,9:1]'",
        "'2024-02-30'",
        "'2024-01-01T'",
        "'T'",
    ),
]


@pytest.mark.parametrize(("scale", "largest"), [("-1.0", 32768.0), ("0.0", 65535.0), ("2.0", 65534.0)])
def test_the_largest_value_of_a_pixel_is_positive_whatever_its_scale(scale: str, largest: float) -> None:
    frame = read(
        f"SIMPLE  = T\nBITPIX  = 16\nNAXIS   = 2\nNAXIS1  = 10\nNAXIS2  = 10\nBSCALE  = {scale}\nEXPTIME = 5.0"
    )
    assert frame.saturation == largest


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_value_of_any_card_is_fatal(data: st.DataObject) -> None:
    lines = ALL_CARDS[data.draw(st.sampled_from(NAMES))][:]
    odd = st.one_of(st.sampled_from(ODD), st.text(max_size=20), st.floats().map(repr), st.integers().map(str))
    for _ in range(data.draw(st.integers(1, 4))):
        i = data.draw(st.integers(0, len(lines) - 1))
        lines[i] = lines[i][:10] + " ".join(data.draw(odd).split())
    frame = read("\n".join(lines))
    assert frame.mjd_mid is not None or frame.problems
    assert frame.gain > 0
    assert frame.saturation > 0


def test_an_extension_inherits_cards_but_no_wcs_and_no_shape() -> None:
    primary = Cards.from_text(
        "SIMPLE  = T\nNAXIS   = 0\nBITPIX  = 8\nEXPTIME = 5.0\nCTYPE1  = 'RA---TAN'\nCTYPE2  = 'DEC--TAN'\n"
        "CRVAL1  = 10.0\nCRVAL2  = 10.0\nCD1_1   = 0.001\nCD2_2   = 0.001"
    )
    cards = Cards(["EXTNAME = 'CHIP2'".ljust(80)], primary)
    assert cards.number("EXPTIME") == 5.0
    assert cards.own("CTYPE1") is None
    assert cards.own("NAXIS") is None
