"""Every catalogue by way of its service: the answer of a server is read as the same table in a file is."""

import polars as pl
import pytest
from test_catalogue_files import FILES, PLACE
from vizier_server import Sky

from photdb.catalogs import definition
from photdb.catalogs.fetch import fetch_tile
from photdb.catalogs.fetch_vizier import Vizier
from photdb.catalogs.reference import understand
from photdb.sky import healpix

KINDS = {int: "long", float: "double", str: "char"}
TABLES = {name: table for name, (table, *_) in FILES.items()}
TABLES["ps1_dr2"] = TABLES["ps1"]  # VizieR gives it the columns of DR1
TABLES["vsx"] = {
    **PLACE, "OID": [37, 38, 39], "Name": ["AF Vel", "V* é 1", "NSV 2"], "V": [0, 1, 2],
    "Type": ["RRAB", None, "EA|EB"],
    "max": [10.85, 11.0, None], "f_min": [None, "(", None], "min": [11.75, 0.3, None], "Period": [0.5274, None, None],
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(TABLES))
def test_what_is_fetched_is_what_a_file_would_give(name):
    catalog = definition.load(name)
    # the stars of these files lie close together: one wide tile has them all
    table = {column: values for column, values in TABLES[name].items() if column in catalog.service.columns}
    position = next(p for p in catalog.positions if {*p.ra} & set(table))
    ra, dec = (next(c for c in names if c in table) for names in (position.ra, position.dec))
    order = [ra, dec, *(c for c in table if c not in (ra, dec))]
    kinds = {c: KINDS[type(next(v for v in table[c] if v is not None))] for c in order}
    sky = Sky(catalog.service.table, {c: (kinds[c], "", table[c]) for c in order})
    expected = understand(pl.DataFrame(table), catalog, where=name)
    found = [
        tile.stars
        for npix in sorted(set(healpix(table[ra], table[dec], catalog.service.norder).tolist()))
        if (tile := fetch_tile(catalog, npix, Vizier(sky.address), pause=lambda n: None)).stars is not None
    ]
    sky.close()
    for part, keys in (("stars", ["source_id"]), ("mags", ["source_id", "band"]), ("names", ["source_id"])):
        ours = pl.concat([getattr(f, part) for f in found]).sort(keys)
        assert ours.equals(getattr(expected, part).sort(keys)), part
    assert {q["-source"] for q in sky.questions} == {catalog.service.table}


def test_every_catalogue_is_tried_here():
    assert set(TABLES) == set(definition.names())
