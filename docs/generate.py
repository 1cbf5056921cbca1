"""Write docs/reference from the program itself, so that it cannot drift.

``python docs/generate.py`` writes the pages; ``--check`` only says which are stale (exit 1). tests/test_docs.py runs
the check. Commands come from the typer app, tables and columns from the comments of a store made in memory, flags and
telescopes from their one definition.
"""

from __future__ import annotations

import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from photdb.resources import shipped
from photdb.store.database import Database

DOCS = Path(__file__).resolve().parent
REFERENCE = DOCS / "reference"
NOTE = "<!-- Written by docs/generate.py; do not edit. -->"

#: Where a view's column has no comment of its own, the first of these tables that has the column explains it.
MEANINGS = ("detection_hot", "frame", "zeropoint", "calibration", "object", "forced")


def table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """Return a markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


# --- commands ---


def commands(command: Any, path: tuple[str, ...] = ("photdb",)) -> Iterator[tuple[str, Any]]:
    """Yield every command that runs something, by the words it is called with."""
    if not hasattr(command, "commands"):
        yield " ".join(path), command
        return
    if command.invoke_without_command and len(path) > 1:
        yield " ".join(path), command
    for name, child in sorted(command.commands.items()):
        if not child.hidden:
            yield from commands(child, (*path, name))


def click_app() -> Any:
    """Return the command line as click sees it."""
    import typer

    from photdb.cli.app import app

    return typer.main.get_command(app)


def parameter_row(parameter: Any, context: Any) -> tuple[str, str]:
    """Return how a parameter is written, and what it means with its default."""
    written, meaning = parameter.get_help_record(context)
    written = re.sub(r"\.\.\. <list\[.*\]>|^([A-Z .\[\]]+) <.*>$", r"\1", written) or written
    return f"`{written}`", " ".join(meaning.split()).replace("[required]", "").strip()


#: Typer writes a required argument as {DIR}.
BRACES = str.maketrans("", "", "{}")


def panels_of(command: Any, words: str) -> dict[str, list[tuple[str, str]]]:
    """Return the arguments and options of a command under the headings of its help, but for --help."""
    context = command.context_class(command, info_name=words)
    panels: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.params:
        if not getattr(parameter, "hidden", False):
            kind = "Arguments" if parameter.param_type_name == "argument" else "Options"
            heading = getattr(parameter, "rich_help_panel", None) or kind
            panels.setdefault(heading, []).append(parameter_row(parameter, context))
    return panels


def command_section(words: str, command: Any) -> str:
    """Return one command: what it does, how it is called, its arguments and options."""
    usage = command.get_usage(command.context_class(command, info_name=words)).partition("Usage:")[2]
    usage = " ".join(usage.translate(BRACES).split()).replace("......", "...")
    parts = [f"## {words}", help_text(command), f"```text\n{usage}\n```"]
    return "\n\n".join(parts + [table((heading, ""), rows) for heading, rows in panels_of(command, words).items()])


def help_text(command: Any) -> str:
    """Return the help of a command; its examples are shown as they are typed."""
    blocks = [b for b in inspect.cleandoc(command.help or "").split("\n\n") if b.strip()]
    shown = "\n\n".join(shell(examples(b)) if examples(b) else b for b in blocks)
    return shown.replace("\n```\n\n```bash\n", "\n")


def examples(block: str) -> list[str]:
    """Return the commands of ``Example: one`` or ``Examples: one; another``, none of any other words."""
    word, _, rest = " ".join(block.split()).partition(": ")
    return [line.strip() for line in rest.split("; ")] if word in ("Example", "Examples") else []


def shell(lines: list[str]) -> str:
    """Return commands as a block to be typed."""
    return "\n".join(["```bash", *lines, "```"])


def cli_page() -> str:
    """Return the page of all commands."""
    app = click_app()
    every = list(commands(app))
    links = [(f"[`{w}`](#{w.replace(' ', '-')})", c.get_short_help_str(limit=200)) for w, c in every]
    words = (
        "Data go to stdout, everything else to stderr. A table on a terminal, CSV in a pipe; "
        "`--format` and `--output` say otherwise."
    )
    codes = [
        (0, "done"), (1, "unexpected"), (2, "the command was put wrongly"), (3, "not found"), (4, "bad input"),
        (5, "cannot calibrate"), (6, "the store is locked by another process"), (130, "interrupted"),
    ]  # fmt: skip
    parts = ["# Commands", NOTE, words, table(("command", "what it does"), links), "Exit codes:"]
    parts.append(table(("code", "meaning"), codes))
    return "\n\n".join([*parts, *(command_section(w, c) for w, c in every)]) + "\n"


# --- the store ---


def schema_page() -> str:
    """Return the page of tables, views, macros and audits."""
    with Database.open(":memory:", read_only=False, create=True) as db:
        about = {str(n): str(c or "") for n, c in db.rows("SELECT table_name, comment FROM duckdb_tables()").rows}
        views = db.rows("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal").rows
        about |= {str(n): str(c or "") for n, c in views}
        columns = db.rows(
            "SELECT table_name, column_name, data_type, comment, is_nullable FROM duckdb_columns() "
            "WHERE NOT internal ORDER BY table_name, column_index"
        ).rows
        macros = db.rows(
            "SELECT function_name, parameters FROM duckdb_functions() "
            "WHERE NOT internal AND function_type LIKE '%macro'"
        ).rows
    meaning = meanings(columns)
    parts = ["# The store", NOTE, SCHEMA_WORDS]
    for title, folder in (("Views", "views"), ("Tables", "tables")):
        parts.append(f"## {title}")
        for name in (stem.partition("_")[2] for stem in stems(folder)):
            rows = [(f"`{c}`", column_type(k, null), meaning[t, c]) for t, c, k, _, null in columns if t == name]
            parts += [f"### {name}", f"{sentence(about[name])}", table(("column", "type", "unit and meaning"), rows)]
    calls = {str(name): f"`{name}({', '.join(parameters)})`" for name, parameters in macros}
    rows_ = [(calls[stem], first_comment("macros", stem)) for stem in stems("macros")]
    parts += ["## Macros", table(("call", "answers"), rows_)]
    found = [(f"`{stem}`", first_comment("audits", stem)) for stem in stems("audits")]
    parts += [
        "## Audits",
        "`photdb check` runs these; each returns the bad rows, and none is good.",
        table(("audit", "bad rows"), found),
    ]
    return "\n\n".join(parts) + "\n"


SCHEMA_WORDS = (
    "One DuckDB file. Any DuckDB client can open it: the views and macros live in the file. What the parts are for: "
    "[the store](../concepts/store.md); units and signs: [conventions](../concepts/conventions.md)."
)


def meanings(columns: list[tuple[Any, ...]]) -> dict[tuple[str, str], str]:
    """Return the comment of every column; a view's column borrows from the table it shows."""
    own = {(str(t), str(c)): str(comment) for t, c, _, comment, _ in columns if comment}
    borrowed = {}
    for name, column, *_ in columns:
        shown = str(name).removesuffix("_active")  # zeropoint_active shows zeropoint
        found = [own[t, column] for t in (name, shown, *MEANINGS) if (t, column) in own]
        borrowed[str(name), str(column)] = found[0] if found else ""
    return borrowed


def column_type(kind: str, nullable: bool) -> str:
    """Return a column's type, and whether it is always filled."""
    return kind if nullable else f"{kind}, never NULL"


def stems(folder: str) -> list[str]:
    """Return the names of the SQL files of a folder."""
    return sorted(
        f.name.removesuffix(".sql") for f in (shipped("schema") / folder).iterdir() if f.name.endswith(".sql")
    )


def first_comment(folder: str, stem: str) -> str:
    """Return the first line of an SQL file: what it answers."""
    text = (shipped("schema") / folder / f"{stem}.sql").read_text(encoding="utf-8")
    return text.splitlines()[0].removeprefix("--").strip()


def sentence(words: str) -> str:
    """Return words as a sentence."""
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") or not words else ".")


# --- flags and telescopes ---


def flags_page() -> str:
    """Return the page of the flag bits, from the one table of them."""
    from photdb.photometry import flags

    # The meaning of a bit stands beside it in the code, as a comment.
    meaning = dict(re.findall(r"^    (\w+) = \d+  # (.+)$", inspect.getsource(flags.Flag), flags=re.MULTILINE))
    rows = [(int(flag), f"`{flag.name}`", meaning[str(flag.name)]) for flag in flags.Flag]
    words = (
        "`flags` of a detection is the sum of these bits; 0 is a clean measurement. "
        "In SQL, `flags & 4 = 0` leaves saturated stars out."
    )
    return "\n\n".join(["# Flags", NOTE, words, table(("bit", "name", "meaning"), rows)]) + "\n"


def telescopes_page() -> str:
    """Return the page of the telescopes that photdb knows."""
    rows = []
    for file in sorted((shipped("ingest") / "telescopes").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            known = tomllib.loads(file.read_text(encoding="utf-8"))
            rows.append((f"`{file.name.removesuffix('.toml')}`", known["title"]))
    words = (
        "One file each in `ingest/telescopes/`; your own folder is read first. "
        "`photdb telescopes show NAME` prints one, `photdb telescopes check FILE` says what is understood of a header. "
        "Yours is missing? [A new telescope](../guides/new-telescope.md)."
    )
    return "\n\n".join(["# Telescopes", NOTE, words, table(("name", "what it is"), rows)]) + "\n"


# --- catalogues, passbands, transformations ---


def catalogues_page() -> str:
    """Return the page of the reference catalogues that photdb knows, from their files."""
    from photdb.catalogs import colours, definition

    known = sorted((definition.load(name) for name in definition.names()), key=lambda c: c.rank)
    words = (
        "One file each in `ingest/catalogs/`; your own folder is read first. Where several have a band, the one of the "
        "lower rank is taken. How to fetch or add one: [reference stars](../guides/catalogues.md). What the bands are: "
        "[passbands](bands.md); those that follow from them: [transformations](transformations.md)."
    )
    rows = [
        (f"[`{c.name}`](#{c.name})", c.title, f"`{c.service}`", c.rank, ", ".join(c.bands) or "none") for c in known
    ]
    parts = ["# Reference catalogues", NOTE, words, table(("name", "catalogue", "service", "rank", "bands"), rows)]
    for c in known:
        also = sorted(set(colours.paths(c.bands, c.name)) - set(c.bands))
        facts = [
            f"{c.title}, {c.reference}.",
            f"Declination {c.sky[0]:g} to {c.sky[1]:g}." if c.sky != (-90.0, 90.0) else "",
            f"A good star: {', '.join(f'`{cut}`' for cut in c.good)}." if c.good else "",
            f"By transformation also {', '.join(also)}." if also else "",
            f"Checked: {c.checked}.",
        ]
        parts += [f"## {c.name}", "\n".join(fact for fact in facts if fact)]
        if c.bands:
            head = ("band", "system", "AB offset", "useful range", "error floor", "a good magnitude")
            parts.append(table(head, [(band, *magnitude_row(m)) for band, m in c.bands.items()]))
    return "\n\n".join(parts) + "\n"


def magnitude_row(magnitude: Any) -> tuple[str, ...]:
    """Return what a catalogue file says of one band."""
    offset = 0.0 if magnitude.system == "AB" else magnitude.ab_offset
    return (
        magnitude.system,
        "unknown" if offset is None else f"{offset:g}",
        "{:g} to {:g}".format(*magnitude.range) if magnitude.range else "",
        f"{magnitude.error_floor:g}" if magnitude.error_floor else "",
        ", ".join(f"`{cut}`" for cut in magnitude.good),
    )


def bands_page() -> str:
    """Return the page of passbands, header words and colour indices."""
    from photdb.bands import bands, pivot_of
    from photdb.catalogs import colours, definition

    native = {name: sorted(c for c in definition.names() if name in definition.load(c).bands) for name in bands()}
    ways: dict[str, list[str]] = {}
    for one in colours.load():
        if one.name not in ways.setdefault(one.band, []):
            ways[one.band].append(one.name)
    words = (
        "From `ingest/bands.toml`. A header's word is compared as it stands, a longer one in any case; a word that is "
        "not here becomes a band of its own. A band of catalogues only is never meant by a header. The colour of a "
        "band's colour term is the first of its indices that the catalogue can give. Why so: "
        "[passbands](../concepts/passbands.md)."
    )
    rows = [
        (
            f"`{b.name}`", b.title, f"{b.wavelength:g}", b.system, ", ".join(b.colour),
            ", ".join(f"`{w}`" for w in b.words) or "catalogues only",
        )
        for b in bands().values()
    ]  # fmt: skip
    indices = list(dict.fromkeys(index for b in bands().values() for index in b.colour))
    sources = [
        (
            f"`{b}`",
            ", ".join(native[b]) or "none",
            ", ".join(f"[{w}](transformations.md#{w.lower()})" for w in ways.get(b, ())),
        )
        for b in bands()
        if native[b] or b in ways
    ]
    return "\n\n".join([
        "# Passbands", NOTE, words,
        table(("band", "what it is", "nm", "system", "colour indices, the preferred first", "header words"), rows),
        "## Where a band comes from",
        "`photdb refcat bands` says it of the catalogues in a store.",
        table(("band", "catalogues that have it", "transformations that give it, the more exact first"), sources),
        "## Pivots",
        "The colour (mag) at which a zero point holds: one fixed number an index, never that of a frame's own stars.",
        table(("index", "pivot"), [(index, f"{pivot_of(index):g}") for index in indices]),
    ]) + "\n"  # fmt: skip


def transformations_page() -> str:
    """Return the page of colour transformations, from their files."""
    from photdb.catalogs import colours

    words = (
        "One file a publication in `ingest/colours/`; your own folder is read first. A magnitude is that of the base "
        "plus a polynomial in the colour x; one step only. Errors of coefficients are in brackets. How errors come "
        "about, and how well these do on real catalogues: [passbands](../concepts/passbands.md)."
    )
    parts = ["# Colour transformations", NOTE, words]
    for file in sorted((shipped("ingest") / "colours").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".toml"):
            parts += publication(file.name.removesuffix(".toml"), file.read_text(encoding="utf-8"), colours.load())
    return "\n\n".join(parts) + "\n"


def publication(stem: str, text: str, known: Any) -> list[str]:
    """Return one publication: what its file says at its head, and its transformations."""
    about = tomllib.loads(text)
    head = " ".join(line.removeprefix("#").strip() for line in text.partition("title =")[0].splitlines()).strip()
    link = f" [doi:{about['doi']}](https://doi.org/{about['doi']})" if about["doi"] else ""
    parts = [f"## {stem}", f"{about['title']}. {head}{link}", f"Checked: {about['checked']}."]
    own = {entry["name"] for entry in about["transformation"]}
    for name in dict.fromkeys(entry["name"] for entry in about["transformation"]):
        pieces = sorted((one for one in known if one.name == name and name in own), key=lambda one: one.range)
        first = pieces[0]
        rows = [
            ("{:g} to {:g}".format(*one.range), polynomial(one), conditions(one), f"{one.scatter:g}") for one in pieces
        ]
        title = f"`{first.band}` ({first.system}) = `{first.base}` + P(x), x = {first.blue} - {first.red}"
        parts += [f"### {name}", title, table(("x", "P(x)", "and", "scatter"), rows)]
    return parts


def polynomial(one: Any) -> str:
    """Return the terms of a transformation, with the errors that are known."""
    powers = ("", " x", *(f" x^{k}" for k in range(2, 9)))
    terms = [
        f"{c:+g}{f' ({e:g})' if e else ''}{power}"
        for c, e, power in zip(one.coefficients, one.errors, powers, strict=False)
        if c or e
    ]
    return " ".join(terms) or "0"


def conditions(one: Any) -> str:
    """Return the further ranges of a transformation."""
    found = [f"{low:g} <= {blue}-{red} <= {high:g}" for (blue, red), (low, high) in one.conditions.items()]
    found += [f"{low:g} <= {band} <= {high:g}" for band, (low, high) in one.magnitudes.items()]
    return ", ".join(found)


PAGES = {
    "cli.md": cli_page,
    "schema.md": schema_page,
    "flags.md": flags_page,
    "telescopes.md": telescopes_page,
    "catalogues.md": catalogues_page,
    "bands.md": bands_page,
    "transformations.md": transformations_page,
}


def stale(folder: Path = REFERENCE) -> list[str]:
    """Return the names of the pages that are not what the program says now."""
    return [
        name for name, page in PAGES.items() if not (folder / name).is_file() or (folder / name).read_text() != page()
    ]


def main() -> None:
    """Write the pages, or check them."""
    old = stale()
    if "--check" in sys.argv:
        sys.exit(f"stale: {', '.join(old)}; run python docs/generate.py" if old else 0)
    REFERENCE.mkdir(exist_ok=True)
    for name in old:
        (REFERENCE / name).write_text(PAGES[name]())
        print(f"wrote {REFERENCE.name}/{name}")


if __name__ == "__main__":
    main()
