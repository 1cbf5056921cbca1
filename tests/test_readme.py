"""What the README and the guides tell a reader to type can be typed."""

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from photdb.store.database import Database

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def fenced(page: Path, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def typed(page: Path) -> list[str]:
    """Return the photdb commands of a page, one a line; a backslash joins lines."""
    lines = "\n".join(fenced(page, "bash")).replace("\\\n", " ").splitlines()
    parts = [part.strip() for line in lines for part in re.split(r"&&|(?<!\|)\|(?!\|)", line.partition(" #")[0])]
    return [part for part in parts if re.match(r"(\.venv/bin/)?photdb\b", part)]


COMMANDS = [(page.relative_to(ROOT).as_posix(), command) for page in PAGES for command in typed(page)]


def parse(words: list[str]) -> Any:
    """Parse words as the command line would, running nothing; return the command's context."""
    import typer

    from photdb.cli.app import app, arranged

    command = typer.main.get_command(app)
    with command.make_context("photdb", arranged(words)) as whole:  # the options of the whole program go first
        words = [*whole._protected_args, *whole.args]
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    assert not (words and hasattr(command, "commands") and not words[0].startswith("-")), f"no command {words[0]}"
    return command.make_context(command.name, words)


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_a_documented_command_is_understood(
    page: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse(shlex.split(command)[1:]).command.name


def test_the_readme_shows_commands() -> None:
    assert sum(page == "README.md" for page, _ in COMMANDS) >= 6


@pytest.mark.parametrize("name", ["demo", "tests"])
def test_the_readme_marks_the_two_commands_that_ci_runs(name: str) -> None:
    blocks = re.findall(
        rf"^<!-- ci: {name} -->\n```bash\n(.+)\n```$", (ROOT / "README.md").read_text(), flags=re.MULTILINE
    )
    assert len(blocks) == 1  # one block of one line
    assert blocks[0].startswith("python3 -m venv .venv && ")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_documented_python_is_python(page: Path) -> None:
    for block in fenced(page, "python"):
        ast.parse(block)


def statements(page: Path) -> list[str]:
    """Return the SQL of a page: its SQL blocks, and what it hands to ``photdb sql`` and to ``db.sql``."""
    found = [one for block in fenced(page, "sql") for one in re.sub(r"--.*", "", block).split(";") if one.strip()]
    found += [next(w for w in shlex.split(command)[2:] if " " in w) for command in typed(page) if " sql " in command]
    return found + re.findall(r'db\.sql\("([^"]+)"', "\n".join(fenced(page, "python")))


@pytest.mark.parametrize("page", [p for p in PAGES if statements(p)], ids=lambda p: p.relative_to(ROOT).as_posix())
def test_documented_sql_runs_on_a_store(page: Path) -> None:
    with Database.open(":memory:", read_only=False, create=True) as db:
        for statement in statements(page):
            assert db.rows(statement, dict.fromkeys(re.findall(r"\$(\w+)", statement), 1)).columns


def test_the_readme_fits_a_page_or_two() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120
