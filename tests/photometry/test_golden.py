"""The same pixels measured by source-extractor: stored figures, and live where it is installed."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import sep
from scipy.spatial import cKDTree

from photdb.photometry import detection
from photdb.photometry.aperture import circle_sums
from photdb.photometry.background import Background
from photdb.photometry.measure import measure
from photdb.photometry.pixels import Pixels
from photdb.photometry.settings import MeasureSettings

GOLDEN = Path(__file__).parents[1] / "golden"
sys.path.insert(0, str(GOLDEN))
import make_source_extractor as golden  # noqa: E402

SETTINGS = MeasureSettings(local_background=False)
D = np.array(golden.DIAMETERS, float)


def frame():
    return np.load(GOLDEN / "source_extractor_frame.npz")["frame"]


def pixels_of(data):
    return Pixels(
        data.astype(np.float32), np.zeros(data.shape, np.uint8), (8 / 1.5) ** 2, None, 1.5, 8.0, True, 6e4, 0, 0
    )


@pytest.fixture
def known_sky(monkeypatch):
    """The sky is 200 ADU for both programs, and its noise what source-extractor makes of it."""

    def flat(pixels, settings):
        return Background(pixels.data.shape, pixels.data.shape, np.array([[200.0]]), np.array([[12.55]]), 1000)

    monkeypatch.setattr(detection, "estimate_background", flat)


def both(table, data, settings=SETTINGS):
    """Columns of the sources both found, in the same order."""
    pixels = pixels_of(data)
    found = detection.find_sources(pixels, settings)
    mine = measure(pixels, found, apertures_px=D, primary_px=10.0, exptime_s=1.0, settings=settings)
    distance, j = cKDTree(np.c_[table["X_IMAGE"], table["Y_IMAGE"]] - 1).query(np.c_[mine["x"], mine["y"]])
    near = distance < 1
    return {k: v[near] for k, v in mine.items()}, table[j[near]], len(found)


def stored():
    return np.genfromtxt(GOLDEN / "source_extractor.csv", delimiter=",", names=True)


def millimag(mine, theirs):
    return -2500 * np.log10(mine / theirs)


def test_apertures_agree_within_a_tenth_of_a_millimagnitude_at_the_same_positions():
    """source-extractor cuts pixels into 5x5; ours are exact: below 9 px this makes up to 0.5 mmag, scattering by 2."""
    table = stored()
    image = np.ascontiguousarray(frame().astype(np.float32) - 200)
    x, y = table["X_IMAGE"] - 1, table["Y_IMAGE"] - 1
    exact = circle_sums(image, x, y, D)
    for k, d in enumerate(golden.DIAMETERS):
        theirs = table[f"FLUX_APER_{d}"]
        bright = (theirs > 30 * 12.7 * np.sqrt(np.pi / 4) * d) & (table["FLAGS"] == 0)
        assert bright.sum() > 40
        assert abs(np.median(millimag(exact[bright, k], theirs[bright]))) < (0.1 if d > 9 else 1.0)
        cut = sep.sum_circle(image, x, y, d / 2, subpix=5)[0]
        assert np.abs(millimag(cut, theirs)[bright]).max() < 1e-3


def test_the_same_sources_and_auto_fluxes_within_two_millimagnitudes(known_sky):
    mine, theirs, n = both(stored(), frame())
    assert abs(n - len(stored())) <= 1
    bright = (mine["flux_auto"] > 30 * mine["flux_auto_err"]) & ((mine["flags"] | theirs["FLAGS"].astype(int)) == 0)
    assert bright.sum() > 30
    assert abs(np.median(millimag(mine["flux_auto"], theirs["FLUX_AUTO"])[bright])) < 2
    np.testing.assert_allclose(mine["a"][bright], theirs["A_IMAGE"][bright], rtol=0.03)
    np.testing.assert_allclose(mine["kron_radius"][bright], theirs["KRON_RADIUS"][bright], rtol=0.05)


def test_source_extractor_run_now_says_the_same():
    exe = shutil.which("source-extractor") or shutil.which("sex")
    if exe is None:
        pytest.skip("source-extractor is not installed (Debian: apt install source-extractor)")
    now, before = golden.run(frame(), *golden.MANUAL_SKY, exe=exe), stored()
    assert len(now) == len(before)
    np.testing.assert_allclose(now["FLUX_AUTO"], before["FLUX_AUTO"], rtol=1e-4)
    # each with its own background: ours is nearer to what the known sky gives
    own = golden.run(frame(), exe=exe)
    mine, theirs, _ = both(own, frame())
    _, known, _ = both(now, frame())
    bright = (known["FLUX_AUTO"] > 1e4) & ((mine["flags"] | known["FLAGS"]) == 0)
    ours, its = (
        abs(np.median(millimag(f, known["FLUX_AUTO"])[bright])) for f in (mine["flux_auto"], theirs["FLUX_AUTO"])
    )
    assert ours < 2.5
    assert ours < its
