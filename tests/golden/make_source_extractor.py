"""Make the golden frame and let source-extractor measure it; see README.md."""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits

from photdb.photometry.synthetic import star_image

HERE = Path(__file__).parent
DIAMETERS = (6, 8, 10, 14, 20)
COLUMNS = ("X_IMAGE", "Y_IMAGE", "FLUX_AUTO", "FLUXERR_AUTO", "KRON_RADIUS", "A_IMAGE", "B_IMAGE", "FLAGS")


def make_frame() -> np.ndarray:
    """A field of 60 stars on a sky of 200 ADU: Moffat, FWHM 3.5 px, gain 1.5 e-/ADU, read noise 8 e-."""
    rng = np.random.default_rng(20261121)
    y, x = (v.ravel() + rng.uniform(-5, 5, v.size) for v in np.mgrid[20:240:29, 20:240:29])
    ideal = star_image((250, 250), x, y, 10 ** rng.uniform(3.2, 5.2, x.size), 3.5, beta=3.2) + 200
    return np.rint(rng.poisson(ideal * 1.5) / 1.5 + rng.normal(0, 8 / 1.5, ideal.shape)).astype(np.uint16)


def run(frame: np.ndarray, *options: str, exe: str = "source-extractor") -> fits.FITS_rec:
    """Run source-extractor on an array; see `run_file`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.fits"
        fits.PrimaryHDU(frame).writeto(path)
        return run_file(path, *options, exe=exe)


def run_file(path: Path, *options: str, exe: str = "source-extractor") -> fits.FITS_rec:
    """Run source-extractor with the settings of photdb's defaults and return its table."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "conv").write_text("CONV NORM\n1 2 1\n2 4 2\n1 2 1\n")
        (work / "columns").write_text("\n".join((*COLUMNS, f"FLUX_APER({len(DIAMETERS)})")) + "\n")
        (work / "sex").write_text("")
        settings = {
            "PARAMETERS_NAME": "columns", "FILTER_NAME": "conv", "CATALOG_TYPE": "FITS_1.0", "CATALOG_NAME": "out.fits",
            "DETECT_THRESH": "1.5", "ANALYSIS_THRESH": "1.5", "DETECT_MINAREA": "5", "DEBLEND_NTHRESH": "32",
            "DEBLEND_MINCONT": "0.005", "PHOT_APERTURES": ",".join(map(str, DIAMETERS)), "PHOT_AUTOPARAMS": "2.5,3.5",
            "BACK_SIZE": "64", "GAIN": "1.5", "SATUR_LEVEL": "60000", "VERBOSE_TYPE": "QUIET",
        }  # fmt: skip
        words = [w for name, value in settings.items() for w in (f"-{name}", value)]
        subprocess.run([exe, str(path.resolve()), "-c", "sex", *words, *options], cwd=work, check=True)
        return fits.getdata(work / "out.fits", 1)


MANUAL_SKY = ("-BACK_TYPE", "MANUAL", "-BACK_VALUE", "200.0")

if __name__ == "__main__":
    frame = make_frame()
    np.savez_compressed(HERE / "source_extractor_frame.npz", frame=frame)
    table = run(frame, *MANUAL_SKY)
    header = ",".join((*COLUMNS, *(f"FLUX_APER_{d}" for d in DIAMETERS)))
    rows = np.column_stack([*(table[c] for c in COLUMNS), table["FLUX_APER"]])
    np.savetxt(HERE / "source_extractor.csv", rows, delimiter=",", header=header, comments="", fmt="%.8g")
