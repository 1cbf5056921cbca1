"""What workers leave for the writer."""

from __future__ import annotations

import pyarrow as pa
import pytest

from photdb.jobs.staging import discard, read_staged, staging_key, sweep, write_staged


def test_what_was_left_is_read_back(tmp_path):
    write_staged(tmp_path, "k", {"state": "ok", "fwhm_px": 3.2}, pa.table({"x": [1.0]}))
    staged = read_staged(tmp_path, "k")
    assert staged is not None
    assert staged.facts == {"state": "ok", "fwhm_px": 3.2}
    assert staged.table is not None


def test_half_a_result_is_no_result(tmp_path):
    write_staged(tmp_path, "k", {"state": "ok"}, pa.table({"x": [1.0]}))
    (tmp_path / "k.parquet").unlink()
    assert read_staged(tmp_path, "k") is None
    (tmp_path / "k.json").write_text('{"state": "o')
    assert read_staged(tmp_path, "k") is None
    assert read_staged(tmp_path, "other") is None


def test_a_table_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    import pyarrow.parquet as pq

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(OSError, match="No space"):
        write_staged(tmp_path, "k", {"state": "ok"}, pa.table({"x": [1.0]}))
    assert list(tmp_path.iterdir()) == []


def test_the_key_changes_with_everything_the_result_depends_on():
    one = staging_key("sha", 0, {"threshold": 1.5})
    assert one == staging_key("sha", 0, {"threshold": 1.5})
    assert len({one, staging_key("sha", 1, {"threshold": 1.5}), staging_key("sha", 0, {"threshold": 2.0})}) == 3


def test_committed_results_and_half_written_files_are_swept(tmp_path):
    folder = tmp_path / "staging"
    write_staged(folder, "k", {"state": "ok"}, pa.table({"x": [1.0]}))
    (folder / "x.parquet.99.tmp").touch()
    discard(folder, ["k"])
    sweep(folder)
    assert not folder.exists()
