"""The documentation is current, complete, and leads nowhere that is not there."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "tests").rglob("*.md")])


#: Of what is known of catalogues.
CATALOGUES = ["catalogues.md", "bands.md", "transformations.md"]


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["cli.md", "schema.md", "flags.md", "telescopes.md", *CATALOGUES])
def test_the_generated_reference_is_current(generate: ModuleType, page: str) -> None:
    assert (ROOT / "docs" / "reference" / page).read_text() == generate.PAGES[page](), "run python docs/generate.py"


def test_the_generator_notices_a_stale_page(generate: ModuleType, tmp_path: Path) -> None:
    for name, page in generate.PAGES.items():
        (tmp_path / name).write_text(page())
    (tmp_path / "flags.md").write_text("# Flags\n")
    assert generate.stale(tmp_path) == ["flags.md"]


def test_every_command_says_what_it_does_and_every_option_what_it_means(generate: ModuleType) -> None:
    silent = []
    for words, command in generate.commands(generate.click_app()):
        rows = [row for panel in generate.panels_of(command, words).values() for row in panel]
        silent += [f"{words} {name}" for name, meaning in rows if not re.sub(r"\[.*\]", "", meaning).strip()]
        silent += [] if command.help else [words]
    assert silent == []


def test_every_table_and_column_is_explained(generate: ModuleType) -> None:
    page = generate.schema_page()
    assert re.findall(r"^\| `\w+` \| [^|]+ \|  \|$", page, flags=re.MULTILINE) == []
    assert re.findall(r"^### (\w+)\n\n\n", page, flags=re.MULTILINE) == []


def anchors(page: Path) -> set[str]:
    """Return the anchors that the headings of a page give."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_resolves(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_the_index_leads_to_every_page() -> None:
    docs = ROOT / "docs"
    linked = set(re.findall(r"\]\(([^)#\s]+)\)", (docs / "index.md").read_text()))
    pages = {p.relative_to(docs).as_posix() for p in docs.rglob("*.md")} - {"index.md"}
    assert pages - linked == set()


def test_every_command_shows_an_example(generate: ModuleType) -> None:
    for words, command in generate.commands(generate.click_app()):
        assert "```bash" in generate.help_text(command) or hasattr(command, "commands"), words
    prose = re.sub(r"```.*?```", "", generate.cli_page(), flags=re.DOTALL)
    assert re.findall(r"^(?:photdb |\\b).*$", prose, flags=re.MULTILINE) == []  # a command typed outside an example


def test_every_page_that_the_program_names_exists() -> None:
    named = {
        (file.relative_to(ROOT).as_posix(), page)
        for folder in ("photdb", "schema", "ingest")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in (".py", ".sql", ".toml")
        for page in re.findall(r"docs/[\w/-]+\.md", file.read_text())
    }
    assert named
    assert [(file, page) for file, page in sorted(named) if not (ROOT / page).is_file()] == []
