"""Two real catalogues of one sky in a store, their stars paired and compared by SQL."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from photdb.jobs import refcat, refcat_bands
from photdb.store.database import Database

#: What VizieR wrote, kept beside the checkout.
FILES = {
    "apass9": "NGC1097_APASS.csv",
    "gaiaxp": "NGC1097_GAIA.csv",
    "skymapper1": "NGC1097_SMSS.csv",
    "ps1": "PS1_189+27.csv",
    "sdss12": "SDSS12_189+27.csv",
}

_MAGNITUDES = """
CREATE OR REPLACE TEMP TABLE compared AS
SELECT m.*, s.ra, s.dec, s.is_good AS star_is_good
FROM zp_mag AS m
JOIN refstar AS s USING (catalog, source_id)
"""

#: Nearest within $reach arcsec and nearest of each other; cells of 0.01 deg in declination.
_PAIRS = """
WITH a AS (
  SELECT DISTINCT source_id, ra, dec FROM compared WHERE catalog = $one AND star_is_good
),
b AS (
  SELECT DISTINCT source_id, ra, dec, unnest([floor(dec * 100) - 1, floor(dec * 100), floor(dec * 100) + 1]) AS row
  FROM compared WHERE catalog = $other AND star_is_good
),
near AS (
  SELECT
    a.source_id AS one_id, b.source_id AS other_id, separation_arcsec(a.ra, a.dec, b.ra, b.dec) AS apart
  FROM a JOIN b ON b.row = floor(a.dec * 100) AND abs(a.ra - b.ra) < 0.01
  WHERE apart < $reach
),
pair AS (
  SELECT * FROM near
  QUALIFY apart = min(apart) OVER (PARTITION BY one_id) AND apart = min(apart) OVER (PARTITION BY other_id)
)
SELECT
  x.mag AS one_mag, y.mag AS other_mag, x.mag_err AS one_err, y.mag_err AS other_err,
  c.mag - d.mag AS colour
FROM pair AS p
JOIN compared AS x ON x.catalog = $one AND x.source_id = p.one_id AND x.band = $one_band
JOIN compared AS y ON y.catalog = $other AND y.source_id = p.other_id AND y.band = $other_band
LEFT JOIN compared AS c ON c.catalog = $other AND c.source_id = p.other_id AND c.band = 'g'
LEFT JOIN compared AS d ON d.catalog = $other AND d.source_id = p.other_id AND d.band = 'r'
WHERE x.is_good AND y.is_good AND x.path IS NOT DISTINCT FROM $path AND y.path IS NULL
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Magnitudes of the same stars in two catalogues; `difference` is one - other, colour is g-r of the other."""

    one: np.ndarray
    other: np.ndarray
    one_err: np.ndarray
    other_err: np.ndarray
    colour: np.ndarray

    @property
    def difference(self) -> np.ndarray:
        return self.one - self.other

    @property
    def median(self) -> float:
        return float(np.median(self.difference))

    @property
    def mad(self) -> float:
        return float(np.median(np.abs(self.difference - self.median)))

    def __len__(self) -> int:
        return len(self.one)

    def __str__(self) -> str:
        return f"median {self.median:+.4f}, mad {self.mad:.4f}, {len(self)} stars"


def add(store: Path, folder: Path, catalogs: list[str]) -> None:
    """Add the files of some catalogues, as a user would."""
    for catalog in catalogs:
        refcat.add(folder / "refcat" / FILES[catalog], catalog, store=store)


def transform(db: Database, bands: list[str]) -> None:
    """Make the magnitudes of every star of the store in some passbands."""
    db.execute("CREATE OR REPLACE TEMP TABLE zp_star AS SELECT catalog, source_id FROM refstar")
    db.execute("CREATE OR REPLACE TEMP TABLE zp_wanted AS SELECT unnest($bands::VARCHAR[]) AS band", bands=bands)
    refcat_bands.magnitudes(db)
    db.execute(_MAGNITUDES)


def compare(
    db: Database,
    one: str,
    other: str,
    band: str,
    *,
    path: str | None = None,
    raw: str | None = None,
    reach: float = 1.0,
    other_range: tuple[float, float] = (0.0, 99.0),
) -> Comparison:
    """Compare a band of one catalogue, native or by a path, with the other's own; `raw`: another band of the first."""
    rows = db.rows(
        _PAIRS,
        {"one": one, "other": other, "one_band": raw or band, "other_band": band, "path": path, "reach": reach},
    ).rows
    table = np.array(rows, dtype=float).reshape(-1, 5)
    table = table[(table[:, 1] >= other_range[0]) & (table[:, 1] < other_range[1])]
    return Comparison(*table.T)
