"""A simulated night is what was asked for, option by option, and its truth is true."""

import hashlib
import inspect
from dataclasses import fields
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from photdb.errors import PhotdbError, UsageError
from photdb.jobs.simulate import simulate
from photdb.jobs.simulate_setup import Setup

SMALL = {
    "size": 160, "frames": 2, "calibrations": 2, "stars": 40, "variables": 0, "eclipses": 0, "cosmic_rays": 0.0,
    "hot_pixels": 0.0, "faintest": 17.0, "beta": 4.5,
}  # fmt: skip


class Night:
    """The files and tables of one small simulation, read back."""

    def __init__(self, folder: Path, **options):
        self.done = simulate(folder, **(SMALL | options))
        self.files = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.*"))}
        self.images = {name: fits.getdata(folder / name).astype(float) for name in self.files if name.endswith("fits")}
        self.headers = {name: fits.getheader(folder / name) for name in self.images}
        self.stars, self.frames, self.points, self.catalog = (
            pl.read_csv(path) for path in (self.done.stars, self.done.frames, self.done.lightcurves, self.done.catalog)
        )

    def light(self, k=0, band="r", night=0):
        return self.images[f"night-{night}/light-{band}-{k:03d}.fits"]

    def header(self, k=0, band="r", night=0):
        return self.headers[f"night-{night}/light-{band}-{k:03d}.fits"]

    def truth(self, k=0, band="r", night=0):
        return self.points.filter(pl.col("file") == f"night-{night}/light-{band}-{k:03d}.fits")

    def clean(self, k=0):
        """Return a light frame in electrons, sky still in, with the median of its calibrations applied."""
        of = {
            kind: np.median([v for n, v in self.images.items() if n.startswith(f"night-0/{kind}")], axis=0)
            for kind in ("bias", "dark", "flat")
        }
        flat = of["flat"] - of["bias"]
        return (self.light(k) - of["dark"]) / (flat / np.median(flat)) * self.header()["GAIN"]


@cache
def cached(options):
    with TemporaryDirectory() as folder:
        return Night(Path(folder), **dict(options))


def night(**options):
    """Return the small simulation with these options; the same is made once."""
    return cached(tuple(sorted(options.items())))


def sums(one):
    return {name: hashlib.sha256(data).hexdigest() for name, data in one.files.items()}


# --- what is written


def test_a_seed_gives_the_same_files_bit_for_bit(tmp_path):
    assert sums(Night(tmp_path / "a")) == sums(night())


def test_another_seed_gives_another_sky_and_other_noise():
    one, other = sums(night()), sums(night(seed=2))
    same = {name for name in one if one[name] == other[name]}
    assert one.keys() == other.keys()
    assert same == set()


def test_more_frames_do_not_change_the_stars():
    few, many = night(), night(frames=3)
    assert few.stars.drop("t0").equals(many.stars.drop("t0"))


def test_the_folder_holds_what_an_observatory_hands_over(tmp_path):
    made = Night(tmp_path / "new" / "folder", nights=2, bands="gi")
    names = {"bias-0", "bias-1", "dark-0", "dark-1", *(f"flat-{b}-{k}" for b in "gi" for k in (0, 1))}
    names |= {f"light-{b}-{k:03d}" for b in "gi" for k in (0, 1)}
    for number in (0, 1):
        assert {path.stem for path in (tmp_path / f"new/folder/night-{number}").iterdir()} == names
    assert made.done.n_lights == 8 == made.frames.height
    assert made.done.n_points == made.points.height
    assert made.done.n_stars == made.stars.height


def test_headers_say_what_a_pipeline_needs():
    header = night().header()
    for key, value in {
        "TELESCOP": "SIM-0.5m", "INSTRUME": "SIMCAM", "IMAGETYP": "Light Frame", "EXPTIME": 60.0, "FILTER": "SDSS r'",
        "OBJECT": "SIM-1", "GAIN": 1.6, "RDNOISE": 7.0, "SATURATE": 62000.0, "SITELAT": -30.2, "SITELONG": -70.7,
        "SITEELEV": 2200.0, "APTDIA": 500.0, "PIXSCALE": 1.5,
    }.items():  # fmt: skip
        assert header[key] == value, key
    assert header["RA"].count(":") == 2
    assert header["DEC"].startswith("-30:")
    kinds = {name.split("/")[1].split("-")[0]: h["IMAGETYP"] for name, h in night().headers.items()}
    assert kinds == {"bias": "Bias Frame", "dark": "Dark Frame", "flat": "Flat Field", "light": "Light Frame"}


def test_dates_and_airmass_are_those_of_a_dark_sky():
    from astropy import units as u
    from astropy.coordinates import AltAz, EarthLocation, SkyCoord, get_sun
    from astropy.time import Time

    made = night()
    place = EarthLocation.from_geodetic(-70.7, -30.2, 2200)
    for k, row in enumerate(made.frames.iter_rows(named=True)):
        start = Time(made.header(k)["DATE-OBS"], scale="utc")
        mid = start + 30 * u.s
        assert abs(mid.mjd - row["mjd_mid"]) * 86400 < 1e-3
        look = AltAz(obstime=mid, location=place)
        altitude = SkyCoord(row["ra"], row["dec"], unit="deg").transform_to(look).alt
        assert altitude.deg > 25
        assert 1 / np.sin(altitude.rad) == pytest.approx(row["airmass"], rel=2e-3)
        assert get_sun(mid).transform_to(look).alt.deg < -12


def test_bjd_is_the_one_astropy_computes():
    from astropy.coordinates import EarthLocation, SkyCoord
    from astropy.time import Time

    row = night().truth().row(3, named=True)
    place = EarthLocation.from_geodetic(-70.7, -30.2, 2200)
    mid = Time(row["mjd_mid"], format="mjd", scale="utc", location=place)
    star = SkyCoord(row["ra"], row["dec"], unit="deg")
    bjd = mid.tdb + mid.light_travel_time(star, ephemeris="builtin")
    assert abs(bjd.jd - row["bjd_tdb"]) * 86400 < 2e-3


# --- the truth is true


def isolated(made, k=0, margin=17, apart=16.0):
    """Return the true rows of bright stars that stand alone."""
    truth = made.truth(k)
    x, y, flux = (truth[c].to_numpy() for c in ("x", "y", "electrons"))
    distance = np.hypot(x - x[:, None], y - y[:, None]) + 1e9 * (np.eye(x.size) + (flux[:, None] > 200 * flux))
    size = made.light(k).shape
    alone = (
        (distance.min(axis=1) > apart) & (x > margin) & (x < size[1] - margin) & (y > margin) & (y < size[0] - margin)
    )
    return truth.filter(pl.Series(alone & (flux > 8e4)) & ~truth["saturated"])


def aperture(image, x, y, radius=8):
    """Return flux and centre of light about a position, above the local median."""
    i, j = round(y), round(x)
    box = image[i - 15 : i + 16, j - 15 : j + 16]
    yy, xx = np.mgrid[i - 15 : i + 16, j - 15 : j + 16]
    r = np.hypot(xx - x, yy - y)
    above = np.where(r < radius, box - np.median(box[r > 11]), 0.0)
    return above.sum(), (above * xx).sum() / above.sum(), (above * yy).sum() / above.sum()


def header_wcs(made, k=0):
    """Return the WCS of a frame's header (without the date, of which wcslib would warn)."""
    header = made.header(k).copy()
    del header["DATE-OBS"]
    return WCS(header)


GEOMETRIES = [
    {},
    {"sip": 3.0},
    {"mirrored": True, "rotation": 77.0},
    {"size": (280, 200), "drift": 400.0},
    {"flip": False, "hours": 8.0},
]


@pytest.mark.parametrize("options", GEOMETRIES, ids=str)
def test_stars_are_where_and_as_bright_as_the_truth_says(options):
    made = night(fwhm=3.0, faintest=16.0, **({"size": 256} | options))
    for k in (0, 1):
        image, stars = made.clean(k), isolated(made, k)
        assert stars.height >= 3
        got = np.array([aperture(image, row["x"], row["y"]) for row in stars.iter_rows(named=True)])
        assert np.abs(got[:, 1] - stars["x"].to_numpy()).max() < 0.15
        assert np.abs(got[:, 2] - stars["y"].to_numpy()).max() < 0.15
        assert np.median(got[:, 0] / stars["electrons"].to_numpy()) == pytest.approx(0.99, abs=0.015)


@pytest.mark.parametrize(
    "options", [{"sip": 0.0}, {"sip": 3.0}, {"sip": -2.0}, {"mirrored": True}, {"size": (180, 140)}], ids=str
)
def test_an_exact_wcs_takes_the_sky_to_the_pixels(options):
    made = night(wcs="exact", movers=0, **options)
    for k in (0, 1):
        wcs, truth = header_wcs(made, k), made.truth(k)
        ra, dec = wcs.all_pix2world(truth["x"], truth["y"], 0)
        assert ra == pytest.approx(truth["ra"].to_numpy(), abs=1e-7)
        assert dec == pytest.approx(truth["dec"].to_numpy(), abs=1e-7)
        assert wcs.wcs.ctype[0] == ("RA---TAN-SIP" if options.get("sip") else "RA---TAN")


def test_a_rough_wcs_is_wrong_by_the_pointing():
    made = night(wcs="rough", pointing_error=30.0, sip=3.0)
    wcs, truth = header_wcs(made), made.truth()
    x, y = wcs.all_world2pix(truth["ra"], truth["dec"], 0)
    off = np.hypot(np.median(x - truth["x"]), np.median(y - truth["y"]))
    assert 2 < off < 80
    assert wcs.sip is None


def test_no_wcs_is_written_unless_asked_for():
    assert not {"CTYPE1", "CRVAL1", "WCSAXES"} & set(night().header())


def test_flux_and_zero_point_give_the_magnitude_back():
    made = night(colour_terms=0.0, clouds=0.2)
    both = made.points.join(made.frames.select("file", "zp"), on="file")
    mag = both["zp"] - 2.5 * both["flux"].log10()
    assert mag.to_numpy() == pytest.approx(both["mag"].to_numpy(), abs=1e-9)


def test_the_saturated_are_the_bright_ones_and_are_clipped():
    made = night(exptime=200.0, saturation=30000.0)
    truth = made.truth()
    assert truth["saturated"].sum() >= 2
    assert made.light().max() == 31500
    assert truth.filter("saturated")["electrons"].min() > truth.filter(~pl.col("saturated"))["electrons"].quantile(0.5)
    row = truth.filter("saturated").row(0, named=True)
    assert made.light()[round(row["y"]), round(row["x"])] >= 30000
    assert made.header()["SATURATE"] == 30000


# --- what varies


def curve(made, kind):
    """Return times and magnitudes of the first star of a kind, and its row."""
    star = made.stars.filter(pl.col("kind") == kind).row(0, named=True)
    points = made.points.filter(pl.col("id") == star["id"])
    return points["mjd_mid"].to_numpy(), points["mag"].to_numpy(), star


VARYING = {"frames": 24, "size": 256, "stars": 150, "variables": 2, "eclipses": 1, "period": (0.15, 0.2), "hours": 6.0}


def test_variables_vary_by_their_amplitude_and_period():
    made = night(**VARYING, amplitude=0.4)
    for kind in ("sine", "sawtooth"):
        _, mag, star = curve(made, kind)
        assert 0.15 <= star["period"] <= 0.2
        assert 0.6 < mag.max() - mag.min() <= 0.8
        assert abs((mag.max() + mag.min()) / 2 - star["r"]) < 0.1
    mjd, mag, star = curve(made, "sine")
    assert mag == pytest.approx(star["r"] + 0.4 * np.sin(2 * np.pi * (mjd - star["t0"]) / star["period"]), abs=1e-6)


def test_an_eclipse_has_its_depth_and_length():
    mjd, mag, star = curve(night(**VARYING, eclipse_depth=0.25, eclipse_hours=2.0), "eclipse")
    assert mag.min() == pytest.approx(star["r"])
    assert mag.max() == pytest.approx(star["r"] + 0.25)
    inside = mjd[mag > star["r"] + 1e-6]
    assert 1.4 < (inside[-1] - inside[0]) * 24 <= 2.0
    assert abs((mjd[0] + mjd[-1]) / 2 - inside.mean()) * 24 < 0.3


def test_an_eclipse_comes_back_the_next_night():
    made = night(**(VARYING | {"nights": 2, "frames": 8}))
    mjd, mag, star = curve(made, "eclipse")
    assert (mag[mjd > 60998.5] > star["r"] + 0.05).any()


def test_the_pixels_follow_the_truth():
    made = night(**VARYING, amplitude=0.5)
    _, _, star = curve(made, "sine")
    true, got = [], []
    for k in range(24):
        row = made.truth(k).filter(pl.col("id") == star["id"]).row(0, named=True)
        true.append(row["flux"])
        got.append(aperture(made.clean(k), row["x"], row["y"])[0] / 1.6 / 60.0)
    ratio = np.array(got) / true
    assert max(true) / min(true) > 1.8
    assert ratio.std() < 0.05


def test_a_transient_appears_half_way_and_fades():
    made = night(transients=1, nights=3, frames=2)
    mjd, mag, star = curve(made, "transient")
    assert mjd.min() >= star["t0"]
    assert set(made.points["file"].str.head(7)) == {"night-0", "night-1", "night-2"}
    assert mjd.size == 3 or mjd.size == 2
    assert mag == pytest.approx(star["r"] + 0.3 * (mjd - star["t0"]))
    assert star["ra"] not in made.catalog["RA_ICRS"].to_list()


def test_an_asteroid_moves_at_its_rate():
    made = night(asteroids=1, asteroid_rate=60.0, size=400, frames=2, hours=4.0)
    star = made.stars.filter(pl.col("kind") == "asteroid").row(0, named=True)
    path = made.points.filter(pl.col("id") == star["id"])
    dra = np.diff(path["ra"])[0] * np.cos(np.radians(star["dec"])) * 3600
    ddec = np.diff(path["dec"])[0] * 3600
    assert np.hypot(dra, ddec) / (np.diff(path["mjd_mid"])[0] * 24) == pytest.approx(60.0, rel=1e-3)


def test_movers_have_left_their_catalogue_position():
    made = night(movers=2, stars=100)
    pm = np.hypot(made.stars["pm_ra"], made.stars["pm_dec"])
    fast = made.stars.filter(pl.Series(pm > 60)).rename({"ra": "ra0", "dec": "dec0"})
    assert fast.height == 2
    both = made.truth().join(fast.select("id", "ra0", "dec0", "pm_ra", "pm_dec"), on="id")
    assert both.height == 2
    years = (both["mjd_mid"] - 57388.5) / 365.25
    moved = (both["ra"] - both["ra0"]) * np.cos(np.radians(both["dec0"].to_numpy())) * 3.6e6
    assert moved.to_numpy() == pytest.approx((both["pm_ra"] * years).to_numpy(), abs=0.1)
    assert (both["dec"] - both["dec0"]).to_numpy() * 3.6e6 == pytest.approx(
        (both["pm_dec"] * years).to_numpy(), abs=0.1
    )


# --- the catalogue


def test_the_catalogue_has_vizier_s_columns_and_the_stars():
    made = night(catalog_noise=0.03, catalog_limit=16.0)
    bands = ["B", "V", "R", "g", "r", "i"]
    wanted = [
        "RA_ICRS",
        "DE_ICRS",
        "pmRA",
        "pmDE",
        *(f"{b}{w}" for b in bands for w in ("mag", "Flag")),
        *(f"e_{b}mag" for b in bands),
    ]
    assert made.catalog.columns == wanted
    true = made.stars.filter(pl.col("r") < 16.0)
    assert made.catalog.height == true.height
    assert made.catalog["RA_ICRS"].to_numpy() == pytest.approx(true["ra"].to_numpy(), abs=1e-10)
    for band in bands:
        error = (made.catalog[f"{band}mag"] - true[band]).to_numpy()
        assert error.std() == pytest.approx(0.03, rel=0.25)
    assert set(made.catalog["e_rmag"]) == {0.03}


def test_the_asked_share_of_the_catalogue_is_wrong():
    made = night(catalog_noise=0.0, catalog_outliers=0.3)
    error = (made.catalog["rmag"] - made.stars.filter(pl.col("r") < 18)["r"]).abs()
    assert (error > 0.19).mean() == pytest.approx(0.3, abs=0.1)
    assert error.max() < 1.001


# --- every option acts


def spread(made):
    """Return how much sky a frame covers, deg of declination."""
    return made.truth()["dec"].max() - made.truth()["dec"].min()


def noise(image):
    """Return the rms of the sky about its median, robust."""
    return 1.4826 * np.median(np.abs(image - np.median(image)))


def corner(image):
    return np.median(image[:20, :20])


def ratio(one, other, measure):
    return measure(one) / measure(other)


ACTS = {
    "frames": (3, lambda a, b: a.frames.height == 3 and b.frames.height == 2),
    "nights": (2, lambda a, b: set(a.frames["night"]) == {0, 1}),
    "bands": ("gr", lambda a, b: set(a.points["band"]) == {"g", "r"}),
    "size": ((180, 140), lambda a, b: a.light().shape == (140, 180)),
    "scale": (3.0, lambda a, b: a.header()["PIXSCALE"] == 3 and ratio(a, b, spread) > 1.6),
    "field": ((40.0, -20.0), lambda a, b: a.header()["RA"].startswith("02:40:")
              and abs(a.truth()["dec"].mean() + 20) < 0.05),
    "object_name": ("WASP-1", lambda a, b: a.header()["OBJECT"] == "WASP-1"),
    "date": ("2025-12-01", lambda a, b: a.header()["DATE-OBS"].startswith("2025-12-0")),
    "hours": (2.0, lambda a, b: a.frames["mjd_mid"][1] - a.frames["mjd_mid"][0] == pytest.approx(1 / 24)),
    "exptime": (30.0, lambda a, b: ratio(a, b, lambda s: s.frames["sky_adu"][0]) == pytest.approx(0.5)
                and np.median(b.light()) - np.median(a.light()) > 100),
    "calibrations": (3, lambda a, b: sum("bias" in name for name in a.images) == 3),
    "stars": (160, lambda a, b: 2.5 < ratio(a, b, lambda s: s.truth().height) < 6),
    "brightest": (15.0, lambda a, b: a.stars["r"].min() > 15 > b.stars["r"].min()),
    "faintest": (20.0, lambda a, b: a.stars["r"].max() > 19),
    "diameter": (1.0, lambda a, b: ratio(a, b, lambda s: s.points["flux"].max()) == pytest.approx(4.0)
                 and a.header()["APTDIA"] == 1000),
    "gain": (3.2, lambda a, b: a.header()["GAIN"] == 3.2 and ratio(a, b, lambda s: np.median(s.light() - 1000)) < 0.6),
    "read_noise": (60.0, lambda a, b: noise(a.images["night-0/bias-0.fits"]) == pytest.approx(60 / 1.6, rel=0.05)),
    "bias": (300.0, lambda a, b: np.median(a.images["night-0/bias-0.fits"]) == pytest.approx(301, abs=2)),
    "dark": (5.0, lambda a, b: np.median(a.images["night-0/dark-0.fits"]) == pytest.approx(1001 + 300 / 1.6, abs=4)),
    "hot_pixels": (0.01, lambda a, b: (a.images["night-0/dark-0.fits"] > 1100).sum() > 100
                   and (b.images["night-0/dark-0.fits"] > 1100).sum() == 0),
    "latitude": (-25.0, lambda a, b: a.header()["SITELAT"] == -25 and a.frames["airmass"][0] != b.frames["airmass"][0]),
    "longitude": (10.0, lambda a, b: a.header()["SITELONG"] == 10
                  and b.frames["mjd_mid"][0] - a.frames["mjd_mid"][0] > 0.2),
    "elevation": (0.0, lambda a, b: a.header()["SITEELEV"] == 0 and a.frames["airmass"][0] != b.frames["airmass"][0]),
    "fwhm": (9.0, lambda a, b: ratio(a, b, lambda s: s.frames["fwhm_arcsec"][0]) == pytest.approx(2.0)
             and a.light().max() < 0.5 * b.light().max()),
    "fwhm_scatter": (0.5, lambda a, b: ratio(a, b, lambda s: s.frames["fwhm_arcsec"].std()) > 2),
    "beta": (3.0, lambda a, b: ratio(a, b, lambda s: s.light().max() - 1500) < 0.95),
    "psf_gradient": (2.0, lambda a, b: a.light().max() < b.light().max()),
    "clouds": (1.0, lambda a, b: a.frames["cloud"].max() > 0.1 and b.frames["cloud"].max() == 0
               and a.points["flux"].sum() < b.points["flux"].sum()),
    "extinction": (0.0, lambda a, b:
                   a.frames["zp"][0] - b.frames["zp"][0] == pytest.approx(0.1 * b.frames["airmass"][0])),
    "colour_terms": (5.0, lambda a, b: (a.points["flux"] / b.points["flux"]).std() > 0.02),
    "scintillation": (300.0, lambda a, b: (a.light() - b.light()).std() > 2 * noise(b.light())),
    "sky": (-2.0, lambda a, b: ratio(a, b, lambda s: s.frames["sky_adu"][0]) == pytest.approx(6.31, rel=1e-3)
            and ratio(a, b, lambda s: np.median(s.light()) - 1001) == pytest.approx(6.31, rel=0.1)),
    "sky_gradient": (1.0, lambda a, b: np.median(a.light()[:, -20:]) > 1.2 * np.median(a.light()[:, :20])),
    "vignetting": (0.6, lambda a, b: ratio(a, b, lambda s: corner(s.images["night-0/flat-r-0.fits"])) < 0.8
                   and ratio(a, b, lambda s: corner(s.light()) - 1001) < 0.8),
    "flat_noise": (0.1, lambda a, b: ratio(a, b, lambda s: noise(s.images["night-0/flat-r-0.fits"])) > 2),
    "cosmic_rays": (500.0, lambda a, b: 10 < ((a.light() - b.light()) > 100).sum() < 500),
    "pointing_error": (0.0, lambda a, b: pointing(a) < 1 < pointing(b)),
    "dither": (60.0, lambda a, b: a.header()["RA"] != a.header(1)["RA"] and shift(a) > shift(b)),
    "drift": (300.0, lambda a, b: a.frames["ra"][1] - a.frames["ra"][0] == pytest.approx(
        b.frames["ra"][1] - b.frames["ra"][0] + 290 * 3 / 3600 / np.cos(np.radians(30.27)), abs=1e-4)),
    "rotation": (91.3, lambda a, b: angle(a) == pytest.approx(91.3, abs=0.1)
                 and angle(b) == pytest.approx(1.3, abs=0.1)),
    "flip": (False, lambda a, b: not a.frames["flipped"].any() and b.frames["flipped"].to_list() == [False, True]),
    "mirrored": (True, lambda a, b: parity(a) > 0 > parity(b)),
    "night_drift": (0.5, None),
    "sip": (5.0, lambda a, b: np.abs(a.truth()["x"] - 79.5).max() != np.abs(b.truth()["x"] - 79.5).max()),
}  # fmt: skip


def pointing(made):
    """Return how far the truth is from the header's position, arcsec."""
    from astropy.coordinates import SkyCoord

    header, row = made.header(), made.frames.row(0, named=True)
    said = SkyCoord(header["RA"], header["DEC"], unit=("hourangle", "deg"))
    return said.separation(SkyCoord(row["ra"], row["dec"], unit="deg")).arcsec


def shift(made):
    return abs(made.frames["dec"][1] - made.frames["dec"][0])


def slopes(made):
    """Return d(east, north)/d(x, y) of the first frame from its true stars, arcsec per pixel."""
    truth = made.truth()
    east = truth["ra"] * np.cos(np.radians(truth["dec"].mean())) * 3600
    design = np.c_[truth["x"], truth["y"], np.ones(truth.height)]
    return np.linalg.lstsq(design, np.c_[east, truth["dec"] * 3600], rcond=None)[0][:2].T


def angle(made):
    (_, east), (_, north) = slopes(made)
    return np.degrees(np.arctan2(east, north))


def parity(made):
    return np.linalg.det(slopes(made))


@pytest.mark.parametrize("name", [name for name, (_, acts) in ACTS.items() if acts])
def test_the_option_acts(name):
    value, acts = ACTS[name]
    assert acts(night(**{name: value}), night())


def test_the_zero_point_falls_from_night_to_night():
    made = night(nights=2, night_drift=0.5, extinction=0.0)
    assert made.frames["zp"][0] - made.frames["zp"][2] == pytest.approx(0.5)


def test_every_option_of_the_setup_is_tested_here():
    elsewhere = {"seed", "variables", "amplitude", "period", "eclipses", "eclipse_depth", "eclipse_hours", "transients",
                 "asteroids", "asteroid_rate", "movers", "catalog_noise", "catalog_outliers", "catalog_limit",
                 "saturation", "wcs"}  # fmt: skip
    assert {field.name for field in fields(Setup)} == set(ACTS) | elsewhere


# --- refusals


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"bands": "x"}, "bands"), ({"bands": "rr"}, "bands"), ({"bands": ""}, "bands"), ({"size": 20}, "20 x 20"),
        ({"frames": 0}, "frames is 0"), ({"exptime": -1.0}, "exptime"), ({"beta": 1.0}, "beta"),
        ({"wcs": "good"}, "wcs"), ({"field": (10.0, 85.0)}, "above 25 deg"), ({"frames": 5000}, "take"),
        ({"date": "soon"}, "soon"),
        ({"date": "2025-02-30"}, "impossible"), ({"variables": 500}, "500 variables"),
        ({"brightest": 20.0}, "must be smaller"),
        ({"field": (500.0, 0.0)}, "position"), ({"stars": -3}, "stars"), ({"seed": -1}, "seed"),
    ],
)  # fmt: skip
def test_what_cannot_be_simulated_is_refused_with_the_number(tmp_path, options, word):
    with pytest.raises(PhotdbError, match=word):
        simulate(tmp_path / "out", **(SMALL | options))


def test_an_earlier_simulation_is_replaced_whole(tmp_path):
    Night(tmp_path, frames=3, nights=2)
    assert sums(Night(tmp_path)) == sums(night())


def test_frames_of_an_observer_are_never_touched(tmp_path):
    mine = tmp_path / "night-0" / "light.fits"
    mine.parent.mkdir()
    mine.write_bytes(b"photons")
    with pytest.raises(UsageError, match="night-0"):
        simulate(tmp_path, **SMALL)
    assert mine.read_bytes() == b"photons"


def test_a_file_is_not_a_folder(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        simulate(tmp_path / "x", **SMALL)


# --- the command line offers all of it


def test_the_command_line_has_every_option_and_default():
    from photdb.cli.simulate import simulate as command

    ours = {field.name: field.default for field in fields(Setup)}
    theirs = {name: p.default for name, p in inspect.signature(command).parameters.items() if name != "folder"}
    assert theirs | {"size": int(theirs["size"])} == ours
