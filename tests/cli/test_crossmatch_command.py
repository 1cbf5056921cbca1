"""``photdb crossmatch`` as it is typed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from association_fields import frame, night, offset

from photdb.cli.app import run
from photdb.store.database import Database


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "s.duckdb"
    with Database.open(path, read_only=False, create=True) as db:
        for k, east in enumerate((0.0, 1.5, 0.75)):  # the third links the other two
            place = offset(50.0, 5.0, np.array([east]), np.zeros(1))
            with db.run("ingest", {}) as run_id:
                night(db, tmp_path, [frame(place, radius=1.0, year=2025.0 + k)], run_id=run_id)
    return path


def test_events_lists_what_became_of_an_id_of_old(store, capsys):
    with Database.open(store) as db:
        ((old, now),) = db.rows("SELECT old_id, object_id FROM object_alias").rows
    for asked in (old, now):
        assert run(["crossmatch", "events", str(asked), "--db", str(store), "--format", "csv"]) == 0
        assert f"merge,{now},{old},1," in capsys.readouterr().out
    assert run(["lightcurve", "--object", str(old), "--db", str(store), "--format", "csv"]) == 0
    said = capsys.readouterr()
    assert f"object {old} is part of {now} now" in said.err
    assert said.out.count(str(now)) == 3


def test_events_of_an_id_that_never_was_is_an_error(store, capsys):
    assert run(["crossmatch", "events", "12345", "--db", str(store)]) == 3
    assert "no object has or had the id 12345" in capsys.readouterr().err


def test_a_rebuild_says_what_it_did(store, capsys):
    assert run(["crossmatch", "--rebuild", "--db", str(store)]) == 0
    assert "1 object, nothing to change; 0 detections of no object" in capsys.readouterr().err


def test_there_is_nothing_to_match_without_a_store(tmp_path, capsys):
    assert run(["crossmatch", "--db", str(tmp_path / "none.duckdb")]) == 3
    assert list(tmp_path.iterdir()) == []
    assert "no such store" in capsys.readouterr().err
