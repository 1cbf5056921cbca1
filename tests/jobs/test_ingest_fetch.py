"""An ingest that fetches its own reference stars, as seen in the store."""

import polars as pl
import pytest
from nights import lights, make
from vizier_server import Sky

from photdb.jobs.ingest import ingest
from photdb.store.database import Database

pytestmark = pytest.mark.usefixtures("in_this_process")

KINDS = {pl.Int64: "long", pl.Float64: "double", pl.String: "char"}


def test_frames_are_solved_with_stars_that_were_fetched_and_nothing_is_asked_twice(tmp_path, monkeypatch):
    survey = make(tmp_path / "sim", frames=2)
    table = pl.read_csv(survey / "refcat.csv")
    order = ["RA_ICRS", "DE_ICRS", *(c for c in table.columns if c not in ("RA_ICRS", "DE_ICRS"))]
    sky = Sky("I/360/syntphot", {c: (KINDS[type(table[c].dtype)], "", table[c].to_list()) for c in order})
    monkeypatch.delenv("PHOTDB_OFFLINE")
    monkeypatch.setenv("PHOTDB_VIZIER", sky.address)
    store = tmp_path / "a.duckdb"
    first, second = lights(survey)[:2]
    assert ingest([first], store=store, workers=1, fetch=True).n_ok == 1
    n_questions = sum(q["-source"] == sky.table for q in sky.questions)
    assert n_questions > 0
    assert ingest([second], store=store, workers=1, fetch=True).n_ok == 1
    sky.close()
    with Database.open(store) as db:
        kinds = db.rows("SELECT wcs_kind FROM frame ORDER BY frame_id").rows
        complete = db.one("SELECT count(*) FROM refcat_tile WHERE is_complete AND catalog = 'gaiaxp'")
    assert kinds in ([("solved",)] * 2, [("refined",)] * 2)
    assert complete > 0
    assert sum(q["-source"] == sky.table for q in sky.questions) == n_questions
