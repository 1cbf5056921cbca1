"""The celestial WCS of headers as observatories write them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from photdb.ingest.cards import Cards
from photdb.ingest.celestial import CelestialWcs, clean_wcs
from photdb.ingest.reading import Reading
from photdb.ingest.telescope import load_telescopes

GENERIC = load_telescopes([Path(__file__).parents[2] / "ingest" / "telescopes"]).named("generic")
TAN = {"CTYPE1": "'RA---TAN'", "CTYPE2": "'DEC--TAN'", "CRVAL1": 31.0, "CRVAL2": 46.0, "CRPIX1": 50.5, "CRPIX2": 40.5}
CD = {"CD1_1": -0.001, "CD1_2": 0.0002, "CD2_1": 0.0002, "CD2_2": 0.001}


def clean(**cards: object) -> CelestialWcs | None:
    """Clean the WCS of a header of some cards."""
    text = "\n".join(f"{name:<8}= {value}" for name, value in cards.items() if value is not None)
    return clean_wcs(Reading(Cards.from_text(text), GENERIC, 16), 100, 80)


def sky(wcs: CelestialWcs | None, x: object = 10.0, y: object = 20.0) -> np.ndarray:
    """Return what wcslib makes of the cleaned cards at a pixel."""
    from astropy.wcs import WCS

    assert wcs is not None
    return np.array(WCS(wcs.text).all_pix2world(x, y, 0))


def test_strings_become_numbers() -> None:
    quoted = {k: f"'{v}'" if isinstance(v, float) else v for k, v in (TAN | CD).items()}
    assert sky(clean(**quoted)) == pytest.approx(sky(clean(**TAN, **CD)), abs=1e-12)


def test_the_linear_part_in_our_words_is_wcslib_s() -> None:
    wcs = clean(**TAN, **CD)
    assert wcs is not None
    assert wcs.at(10.0, 20.0) == pytest.approx(tuple(sky(wcs)), abs=1e-9)
    assert wcs.scale_arcsec == pytest.approx(3.6 * np.sqrt(1.04))
    assert not wcs.mirrored
    assert wcs.rotation_deg == pytest.approx(np.degrees(np.arctan2(0.2, 1.0)))


@given(st.floats(-180, 180), st.booleans())
def test_crota_pc_and_cd_say_the_same(angle: float, mirrored: bool) -> None:
    side = 1 if mirrored else -1
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    cdelt = {"CDELT1": side * 0.001, "CDELT2": 0.001}
    pc = {"PC1_1": c, "PC1_2": -s * side, "PC2_1": s * side, "PC2_2": c}
    old = {"PC001001": c, "PC001002": -s * side, "PC002001": s * side, "PC002002": c}
    cd = {"CD1_1": side * 0.001 * c, "CD1_2": -0.001 * s, "CD2_1": side * 0.001 * s, "CD2_2": 0.001 * c}
    by_crota = clean(**TAN, **cdelt, CROTA2=repr(angle))
    assert by_crota is not None
    assert by_crota.mirrored == mirrored
    assert by_crota.cd == pytest.approx((side * 0.001 * c, -0.001 * s, side * 0.001 * s, 0.001 * c), abs=1e-15)
    for cards in (cdelt | pc, cdelt | old, cd, cd | cdelt | {"CROTA1": 77.0, "CROTA2": 77.0}):
        other = clean(**TAN, **{k: repr(float(v)) for k, v in cards.items()})
        assert other is not None
        assert other.cd == pytest.approx(by_crota.cd, abs=1e-15)


def test_crota_is_read_as_wcslib_reads_it() -> None:
    from astropy.io import fits
    from astropy.wcs import WCS

    cards = {**TAN, "CDELT1": -0.001, "CDELT2": 0.0011, "CROTA2": 33.0}
    header = fits.Header({k: v.strip("'") if isinstance(v, str) else v for k, v in cards.items()})
    assert sky(clean(**cards)) == pytest.approx(np.array(WCS(header).all_pix2world(10.0, 20.0, 0)), abs=1e-10)


def test_scamp_s_polynomial_under_the_name_tan_is_tpv() -> None:
    terms = {"PV1_1": 1.0002, "PV1_7": -0.0055, "PV2_1": 1.0002, "PV2_7": -0.0075}
    wcs = clean(**TAN, **CD, **terms)
    assert wcs is not None
    assert "'RA---TPV'" in wcs.text
    assert sky(wcs) == pytest.approx(
        sky(clean(**TAN | {"CTYPE1": "'RA---TPV'", "CTYPE2": "'DEC--TPV'"}, **CD, **terms))
    )
    assert np.hypot(*(sky(wcs) - sky(clean(**TAN, **CD)))) > 1e-7


def test_the_standard_s_own_pv_do_not_make_a_polynomial() -> None:
    wcs = clean(**TAN, **CD, PV1_1=0.0, PV1_2=90.0, PV1_3=180.0)
    assert wcs is not None
    assert "'RA---TAN'" in wcs.text
    assert "PV1" not in wcs.text


def test_sip_coefficients_are_named_by_the_suffix_and_only_then() -> None:
    sip = {"A_ORDER": 2, "A_2_0": 1e-5, "B_ORDER": 2, "B_0_2": 2e-5}
    suffixed = TAN | {"CTYPE1": "'RA---TAN-SIP'", "CTYPE2": "'DEC--TAN-SIP'"}
    plain, named = clean(**TAN, **CD, **sip), clean(**suffixed, **CD, **sip)
    assert plain is not None
    assert "'RA---TAN-SIP'" in plain.text
    assert sky(plain) == pytest.approx(sky(named))
    bare = clean(**suffixed, **CD)
    assert bare is not None
    assert "'RA---TAN'" in bare.text


def test_sip_beside_stray_pv_stays_sip() -> None:
    wcs = clean(**TAN, **CD, A_ORDER=2, A_2_0=1e-5, B_ORDER=2, B_0_2=2e-5, PV1_5=0.1, PV2_1=1.0)
    assert wcs is not None
    assert "PV" not in wcs.text
    assert "TAN-SIP" in wcs.text


@pytest.mark.parametrize(
    ("cards", "frame", "equinox"),
    [
        ({"RADECSYS": "'FK5'"}, "FK5", 2000.0),
        ({"RADESYS": "'ICRS'", "EQUINOX": "'2000.0'"}, "ICRS", 2000.0),
        ({"RADESYS": "'FK4'"}, "FK4", 1950.0),
        ({"RADESYS": "'nonsense'"}, None, None),
    ],
)
def test_the_reference_frame_is_named_rightly(cards: dict[str, str], frame: str | None, equinox: float | None) -> None:
    wcs = clean(**TAN, **CD, **cards)
    assert wcs is not None
    assert (f"RADESYS = '{frame:<8}'" in wcs.text) if frame else "RADESYS" not in wcs.text
    assert (f"EQUINOX = {equinox!r:>20}" in wcs.text) if equinox else "EQUINOX" not in wcs.text
    sky(wcs)


@pytest.mark.parametrize(
    "cards",
    [
        {"CTYPE1": "'        '", "CTYPE2": "'        '", "CRVAL1": 1.0, "CRVAL2": 1.0, "CDELT1": 1.0, "CDELT2": 1.0},
        {"CTYPE1": "'LINEAR'", "CTYPE2": "'LINEAR'", "CD1_1": 1.0, "CD2_2": 1.0, "CRVAL1": 1.0, "CRVAL2": 1.0},
        {"CTYPE1": "'ADC Pixels'", "CTYPE2": "'ADC Pixels'", "CD1_1": 1.0, "CD2_2": 1.0},
        TAN,
        {**TAN, "CD1_1": 0.0, "CD2_2": 0.0},
        {**TAN, "CD1_1": 1.0, "CD2_2": 1.0},
        {**TAN, **CD, "CRVAL1": None},
        {**TAN, **CD, "CRVAL1": "NaN"},
        {},
    ],
)
def test_what_is_no_celestial_wcs_is_none(cards: dict[str, object]) -> None:
    assert clean(**cards) is None


def test_a_swapped_pair_of_axes_keeps_its_meaning() -> None:
    axes = {"CTYPE1": "'DEC--TAN'", "CTYPE2": "'RA---TAN'", "CRVAL1": 46.0, "CRVAL2": 31.0}
    swapped = TAN | axes | {"CD1_1": 0.0002, "CD1_2": 0.001, "CD2_1": -0.001, "CD2_2": 0.0002}
    wcs = clean(**swapped)
    assert wcs is not None
    dec, ra = sky(wcs)
    assert wcs.at(10.0, 20.0) == pytest.approx((ra, dec), abs=1e-9)


def test_units_in_words_are_degrees() -> None:
    plain = sky(clean(**TAN, **CD))
    assert sky(clean(**TAN, **CD, CUNIT1="'degrees '", CUNIT2="'degrees '")) == pytest.approx(plain)
    arcsec = {k: v * 3600 for k, v in CD.items()}
    assert sky(clean(**TAN, **arcsec, CUNIT1="'arcsec'", CUNIT2="'arcsec'")) == pytest.approx(
        sky(clean(**TAN, **CD)), abs=1e-9
    )


@given(st.floats(0, 360), st.floats(-89.5, 89.5), st.floats(-500, 500), st.floats(-500, 500))
def test_our_gnomonic_projection_is_wcslib_s_everywhere(ra: float, dec: float, x: float, y: float) -> None:
    wcs = clean(**TAN | {"CRVAL1": repr(ra), "CRVAL2": repr(dec)}, **CD)
    assert wcs is not None
    ours, theirs = np.array(wcs.at(x, y)), sky(wcs, x, y)
    assert abs((ours[0] - theirs[0] + 180) % 360 - 180) * np.cos(np.radians(theirs[1])) < 1e-8
    assert ours[1] == pytest.approx(theirs[1], abs=1e-8)
