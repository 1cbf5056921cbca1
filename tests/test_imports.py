"""Imports point down, and the command line starts without the heavy libraries."""

import ast
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {"astropy", "healpy", "scipy", "polars", "matplotlib", "pyarrow", "astroquery", "astroscrappy", "sep"}


def imported_by(statement: str) -> set[str]:
    """Return the top-level packages that a fresh interpreter holds after a statement."""
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_imports_point_down() -> None:
    pytest.importorskip("importlinter", reason="import-linter comes with the dev extra; .ci/run has it")
    code = "from importlinter.cli import lint_imports_command as lint; lint()"
    command = [sys.executable, "-c", code, "--no-cache"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize("module", ["photdb", "photdb.cli.app", "photdb.store.database", "photdb.query"])
def test_the_start_of_the_command_line_imports_nothing_heavy(module: str) -> None:
    assert imported_by(f"import {module}") & HEAVY == set()


def test_photometry_can_be_used_without_files_or_a_database() -> None:
    assert (
        imported_by("import photdb.photometry.measure") & {"duckdb", "polars", "pyarrow", "typer", "astroquery"}
        == set()
    )


@cache
def third_party_imports(folder: str) -> set[str]:
    """Return the top-level packages, neither ours nor Python's, that any file of a folder imports anywhere."""
    found: set[str] = set()
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.partition(".")[0])
    ours = {"photdb"} | {file.stem for file in (ROOT / "tests").rglob("*.py")} | {"tests"}
    return found - set(sys.stdlib_module_names) - ours


def declared(*extras: str) -> set[str]:
    """Return what pyproject.toml installs with some extras, by the names that are imported."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = sum((project["optional-dependencies"][extra] for extra in extras), project["dependencies"])
    names = {re.split(r"[^A-Za-z0-9_-]", requirement)[0].replace("-", "_") for requirement in wanted}
    return {"erfa" if name == "pyerfa" else name for name in names}


def test_everything_imported_is_a_declared_dependency_and_the_other_way_round() -> None:
    assert third_party_imports("photdb") - declared("dask") == set()
    assert declared() - third_party_imports("photdb") == set()


def test_the_tests_import_nothing_that_their_extras_do_not_install() -> None:
    # What only pytest.importorskip asks for is no import statement, and may be absent; golden/ says how its files
    # were made, and is not run.
    assert third_party_imports("tests") - declared("test", "dask") - {"light_curve"} == set()
