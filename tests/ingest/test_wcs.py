"""World coordinates: text and object, planes and pixels."""

import pickle

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from photdb.errors import InputError
from photdb.ingest import wcs as coordinates
from photdb.ingest.wcs import TangentPlane, composed, make_wcs, rough_wcs, shift_wcs, wcs_from_text, wcs_to_text
from photdb.sky import separation_arcsec

GRID = np.stack(np.meshgrid(np.linspace(0, 1000, 6), np.linspace(0, 800, 5)), axis=-1).reshape(-1, 2)
CD = coordinates.linear_part(2.0 / 3600, 25.0, False)


def sip_wcs():
    a, b = np.zeros((4, 4)), np.zeros((4, 4))
    a[2, 0], a[1, 1], a[0, 3], b[0, 2], b[2, 1] = 3e-6, -1e-6, 2e-9, -2e-6, 1e-9
    return make_wcs(200.0, -35.0, 480.0, 390.0, CD, (a, b))


TPV = "\n".join([
    "CTYPE1  = 'RA---TPV'", "CTYPE2  = 'DEC--TPV'", "CUNIT1  = 'deg     '", "CUNIT2  = 'deg     '",
    "CRVAL1  = 124.6186", "CRVAL2  = 25.3289", "CRPIX1  = 516.0", "CRPIX2  = 485.0",
    "CD1_1   = -0.000307", "CD1_2   = 1.2E-05", "CD2_1   = 1.2E-05", "CD2_2   = 0.000307",
    "PV1_0   = -2.6E-05", "PV1_1   = 1.0002", "PV1_4   = 0.0004", "PV1_7   = -0.0055",
    "PV2_0   = -2.8E-05", "PV2_1   = 1.0002", "PV2_4   = 0.0008", "PV2_7   = -0.0075",
])  # fmt: skip


def texts():
    return {"tan": wcs_to_text(make_wcs(10.0, 41.0, 500.0, 400.0, CD)), "sip": wcs_to_text(sip_wcs()), "tpv": TPV}


def same(one, two, tolerance_arcsec=1e-5):
    a, b = (coordinates.pixel_to_sky(w, *GRID.T) for w in (one, two))
    return separation_arcsec(*a, *b).max() < tolerance_arcsec


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 360), st.floats(-90, 90), st.floats(-3, 3), st.floats(-3, 3))
def test_the_plane_and_the_sky_agree_there_and_back(ra, dec, x, y):
    plane = TangentPlane(ra, dec)
    assert plane.project(*plane.sky(np.array([[x, y]])))[0] == pytest.approx([x, y], abs=1e-9)


def test_the_plane_is_that_of_astropy():
    wcs = make_wcs(359.9, 89.5, 0.0, 0.0, np.diag([1.0, 1.0]))
    ra, dec = TangentPlane(359.9, 89.5).sky(GRID / 1000)
    assert separation_arcsec(ra, dec, *coordinates.pixel_to_sky(wcs, *(GRID / 1000).T)).max() < 1e-6


def test_what_is_behind_the_plane_is_not_projected():
    assert np.isnan(TangentPlane(0.0, 0.0).project([180.0, 90.0], [0.0, 0.0])).all()


@pytest.mark.parametrize("kind", ["tan", "sip", "tpv"])
def test_text_and_wcs_are_the_same_there_and_back(kind):
    wcs = wcs_from_text(texts()[kind])
    again = wcs_from_text(wcs_to_text(wcs))
    assert same(wcs, again)
    assert same(wcs, pickle.loads(pickle.dumps(wcs)))


def test_cards_without_line_ends_are_read_too():
    text = texts()["tan"]
    assert same(wcs_from_text(text), wcs_from_text("".join(line.ljust(80) for line in text.split("\n"))))


@pytest.mark.parametrize("kind", ["tan", "sip", "tpv"])
def test_a_trimmed_frame_has_the_same_sky(kind):
    raw, trimmed = wcs_from_text(texts()[kind]), wcs_from_text(shift_wcs(texts()[kind], 17, 5))
    a = coordinates.pixel_to_sky(raw, GRID[:, 0] + 17, GRID[:, 1] + 5)
    b = coordinates.pixel_to_sky(trimmed, *GRID.T)
    assert separation_arcsec(*a, *b).max() < 1e-5


@pytest.mark.parametrize("kind", ["tan", "sip", "tpv"])
def test_a_composed_wcs_is_exact(kind):
    wcs = wcs_from_text(texts()[kind])
    matrix = np.array([[-0.99, 0.02, 950.0], [0.01, -1.01, 770.0]])
    there = GRID @ matrix[:, :2].T + matrix[:, 2]
    a, b = coordinates.pixel_to_sky(wcs, *there.T), coordinates.pixel_to_sky(composed(wcs, matrix), *GRID.T)
    assert separation_arcsec(*a, *b).max() < 1e-4


def test_pixels_come_back_from_the_sky():
    for text in texts().values():
        wcs = wcs_from_text(text)
        x, y = coordinates.sky_to_pixel(wcs, *coordinates.pixel_to_sky(wcs, *GRID.T))
        assert np.column_stack([x, y]) == pytest.approx(GRID, abs=1e-3)


def test_what_is_on_the_other_side_of_the_sky_has_no_pixel():
    x, y = coordinates.sky_to_pixel(sip_wcs(), [20.0, 200.0], [35.0, -35.0])
    assert np.isnan([x[0], y[0]]).all()
    assert np.isfinite([x[1], y[1]]).all()


def test_no_pixels_have_no_sky():
    ra, dec = coordinates.pixel_to_sky(sip_wcs(), [], [])
    assert ra.shape == dec.shape == (0,)


@pytest.mark.parametrize("rotation", [0.0, 30.0, 179.6, -95.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_rough_wcs_points_its_y_axis_at_the_position_angle(rotation, mirrored):
    wcs = rough_wcs((150.0, 20.0), 1.5, rotation, mirrored, 1001, 801)
    ra, dec = coordinates.pixel_to_sky(wcs, [500.0, 500.0, 510.0], [400.0, 410.0, 400.0])
    middle, up, right = (SkyCoord(a, d, unit="deg") for a, d in zip(ra, dec, strict=True))
    assert middle.separation(SkyCoord(150.0, 20.0, unit="deg")).arcsec < 1e-6
    assert middle.separation(up).arcsec == pytest.approx(15.0, rel=1e-6)
    assert (middle.position_angle(up).deg - rotation) % 360 == pytest.approx(0, abs=1e-3) or (
        middle.position_angle(up).deg - rotation
    ) % 360 == pytest.approx(360, abs=1e-3)
    east_of_up = (middle.position_angle(right).deg - middle.position_angle(up).deg) % 360
    assert east_of_up == pytest.approx(90.0 if mirrored else 270.0, abs=1e-3)


def test_the_footprint_is_the_outer_edge_of_the_pixels():
    wcs = rough_wcs((0.0, 0.0), 3600.0, 0.0, False, 2, 2)
    corners = coordinates.footprint(wcs, 2, 2)
    assert corners.shape == (4, 2)
    assert corners[:, 1] == pytest.approx([-1, -1, 1, 1], abs=1e-3)
    assert corners[:, 0] == pytest.approx([1, 359, 359, 1], abs=1e-3)


@pytest.mark.parametrize(
    "text",
    ["CTYPE1  = 'WAVE    '\nCTYPE2  = 'LINEAR  '", "CTYPE1  = 'RA---XYZ'\nCTYPE2  = 'DEC--XYZ'", "NAXIS   =  2", ""],
)
def test_what_is_no_sky_wcs_is_said(text):
    with pytest.raises(InputError, match="WCS"):
        wcs_from_text(text)


def test_a_singular_matrix_is_said():
    text = wcs_to_text(make_wcs(10.0, 41.0, 500.0, 400.0, CD))
    broken = "\n".join(line[:10] + "0.0".rjust(20) if line.startswith("PC") else line for line in text.split("\n"))
    with pytest.raises(InputError, match="WCS"):
        wcs_from_text(broken)
