"""What ships beside the code is found from anywhere, and is data only."""

import tomllib
from pathlib import Path

import pytest

from photdb.resources import shipped

FOLDERS = ("schema", "ingest")


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_shipped_folder_is_found_from_any_working_directory(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert [entry.name for entry in shipped(folder).iterdir() if entry.is_dir()]


@pytest.mark.parametrize("folder", FOLDERS)
def test_shipped_folders_hold_no_python(folder: str) -> None:
    # An editable install leaves an unused copy of them in site-packages/photdb; without code in it that is harmless.
    checkout = Path(__file__).parents[1] / folder
    assert checkout.is_dir()
    assert [str(f) for f in checkout.rglob("*.py")] == []


def test_every_sql_file_says_in_its_first_line_what_it_is() -> None:
    files = sorted((Path(__file__).parents[1] / "schema").rglob("*.sql"))
    assert files
    assert [f.name for f in files if len(f.read_text().splitlines()[0].removeprefix("-- ").strip()) < 10] == []
    assert [f.name for f in files if not f.read_text().startswith("-- ")] == []


def test_every_shipped_toml_file_can_be_read() -> None:
    files = sorted((Path(__file__).parents[1] / "ingest").rglob("*.toml"))
    assert files
    assert [f.name for f in files if not tomllib.loads(f.read_text())] == []
