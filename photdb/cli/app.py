"""The command line: which commands there are, and how the program starts, fails and ends.

No command's module is imported before it is called: `COMMANDS` says where each one is and what it does, so that
``photdb --help`` is quick and a question imports only what answers it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import typer
from typer.core import TyperCommand, TyperGroup

from photdb import __version__
from photdb.errors import PhotdbError, UsageError


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command: ``module:attribute`` of its function (or of its group's typer app), its help and its section."""

    where: str
    help: str
    section: str


_START, _IN, _ASK, _KEEP = "Start", "Frames in", "Ask", "The store"
COMMANDS = {
    "demo": Lazy("demo:demo", "Simulate a small night, ingest it, compare what was found with the truth.", _START),
    "simulate": Lazy("simulate:simulate", "Write nights of raw frames whose every star is known.", _START),
    "scan": Lazy("scan:scan", "List the frames of folders by night, telescope, filter, type and object.", _IN),
    "telescopes": Lazy("telescopes:app", "The telescopes that photdb knows, and what it understands of a header.", _IN),
    "refcat": Lazy("refcat:app", "Reference stars: fetch them, add a table of them, list what is there.", _IN),
    "ingest": Lazy(
        "ingest:ingest", "Reduce, register and measure frames, and write them to the store, night by night.", _IN
    ),
    "import": Lazy("import_:import_", "Take light curves and source tables that other programs made.", _IN),
    "forced": Lazy(
        "forced:forced", "Measure flux at given positions in every frame that saw them, detected or not.", _IN
    ),
    "zeropoint": Lazy("zeropoint:app", "Calibrate frames: zero points as versions that can be compared.", _IN),
    "lightcurve": Lazy("ask:lightcurve", "Print or plot the light curve of a position, a target or an object.", _ASK),
    "lc": Lazy("ask:lightcurve", "Short for lightcurve.", _ASK),
    "cone": Lazy("ask:cone", "List the objects around a position or in a region, with magnitudes in each band.", _ASK),
    "variables": Lazy("variables:variables", "List candidates for variable stars, with the reasons.", _ASK),
    "movers": Lazy("movers:movers", "Find asteroids and comets among the detections that are no star.", _ASK),
    "period": Lazy("variables:period", "Search a star's points for its period; name the aliases.", _ASK),
    "controls": Lazy(
        "controls:controls", "Print the light curve of a target's control star, and how constant it is.", _ASK
    ),
    "coverage": Lazy(
        "coverage:coverage", "List every frame that saw a place: detected or not, and why a point is missing.", _ASK
    ),
    "stamp": Lazy(
        "stamp:stamp", "Draw what the frames show at a place, in order of time: a sheet or a film of cut-outs.", _ASK
    ),
    "psf": Lazy(
        "psf:psf",
        "Print what the stars of a frame look like, as a model; build and keep it where the store has none.",
        _ASK,
    ),
    "object": Lazy("object:page", "Say what is known of an object: names, star, points, neighbours, history.", _ASK),
    "objects": Lazy("ask:objects", "List the objects, the most often detected first.", _ASK),
    "frames": Lazy("keep:frames", "List the frames, or tell the store that their files have moved.", _ASK),
    "sql": Lazy("ask:sql", "Answer a question put in SQL.", _ASK),
    "headers": Lazy("headers:headers", "Write copies of frames, zero points, limits and WCS in their headers.", _ASK),
    "export": Lazy("export:export", "Write light curves, detections, objects, frames to a file or collection.", _ASK),
    "target": Lazy("target:app", "Positions with a name: add, list, remove.", _KEEP),
    "status": Lazy("keep:status", "Say what the store holds, and what did not finish.", _KEEP),
    "statistics": Lazy("variables:statistics", "Bring the statistics of every object up to date.", _KEEP),
    "crossmatch": Lazy("crossmatch:app", "Which detections are one object: match again, list what changed.", _KEEP),
    "compact": Lazy("compact:compact", "Merge older nights, so that light curves are found in one place.", _KEEP),
    "check": Lazy("check:check", "Run the audits of the store; exit 4 when something is wrong.", _KEEP),
    "serve": Lazy("serve:serve", "Let others ask the store over the network, while it is written to.", _KEEP),
    "snapshot": Lazy("snapshot:snapshot", "Copy the store to a file, between two commits.", _KEEP),
    "migrate": Lazy("keep:migrate", "Bring a store of an older photdb up to date.", _KEEP),
}  # fmt: skip


class Command(TyperCommand):
    """A command that takes ``-30.27`` and ``-00:30:00`` for what they are, and groups its options in its help."""

    def make_parser(self, ctx: Any) -> Any:
        """Hide negative numbers from the parser of options, and bring them back after it."""
        plainly(self.get_params(ctx))
        parser: Any = super().make_parser(ctx)
        parse = parser.parse_args

        def parse_args(args: list[str]) -> Any:
            values, rest, order = parse([_HIDDEN + a if _NEGATIVE.match(a) else a for a in args])
            return {name: _unhide(value) for name, value in values.items()}, _unhide(rest), order

        parser.parse_args = parse_args
        return parser

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, under the headings that the command gives them."""
        panels: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                default = "Arguments" if param.param_type_name == "argument" else "Options"
                panels.setdefault(getattr(param, "rich_help_panel", None) or default, []).append(record)
        for heading, records in panels.items():
            with formatter.section(heading):
                formatter.write_dl(records)


_NEGATIVE = re.compile(r"-\.?\d")
_HIDDEN = "\0"


def _unhide(value: Any) -> Any:
    """Take the mark off the words that were hidden."""
    if isinstance(value, str):
        return value.removeprefix(_HIDDEN)
    if isinstance(value, list | tuple):
        return type(value)(_unhide(v) for v in value)
    return value


class _Commands(MutableMapping[str, Any]):
    """The commands by name; one is imported when it is looked up."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = _load(name, COMMANDS[name])
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


def _load(name: str, lazy: Lazy) -> Any:
    """Import a command."""
    module, _, attribute = lazy.where.partition(":")
    body = getattr(import_module(f"photdb.cli.{module}"), attribute)
    if isinstance(body, typer.Typer):
        for info in body.registered_commands:
            info.cls = Command
        command: Any = typer.main.get_group(body)
        command.name, command.no_args_is_help = name, not command.invoke_without_command
    else:
        one = typer.Typer(add_completion=False, rich_markup_mode=None)
        one.command(name=name, cls=Command, hidden=name == "lc")(body)
        command = typer.main.get_command(one)
    command.rich_markup_mode = None
    return command


def plainly(params: Iterable[Any]) -> None:
    """Let words, numbers and paths be read without typer's pydantic, whose import takes longer than a light curve."""
    for param in params:
        descriptor, info = getattr(param, "type_descriptor", None), getattr(param, "parameter_info", None)
        info = getattr(descriptor, "parameter_info", info)
        bounded = any(
            getattr(info, name, None) for name in ("min", "max", "exists", "writable", "resolve_path", "parser")
        )
        read = None if descriptor is None or bounded else _reader(descriptor.annotation)
        if read is not None and getattr(param, "_runtime_param", 0) is None:
            param._runtime_param = _Plain(read)


def _reader(annotation: Any) -> Callable[[Any], Any] | None:
    """Return what reads a word, number, path, or a list or tuple of them; None for anything else."""
    kind, inner = get_origin(annotation), [a for a in get_args(annotation) if a is not type(None)]
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if kind in (Union, UnionType) and len(inner) == 1:
        return _reader(inner[0])
    readers = [_reader(a) for a in inner]
    if kind is list and len(readers) == 1 and readers[0] is not None:
        one = readers[0]
        return lambda values: [one(v) for v in values]
    if kind is tuple and readers and None not in readers:
        return lambda values: tuple(read(v) for read, v in zip(readers, values, strict=True) if read)
    return None


def _boolean(value: Any) -> bool:
    """Return a flag."""
    if not isinstance(value, bool):
        raise ValueError(value)
    return value


_SCALARS: dict[Any, Callable[[Any], Any]] = {str: str, int: int, float: float, Path: Path, bool: _boolean}


class _Plain:
    """What typer asks to make a value of the words of one parameter."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self._read = read

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the value of what was typed, or of a default."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        try:
            return self._read(value)
        except (ValueError, TypeError):
            shown = " ".join(map(str, value)) if isinstance(value, list | tuple) else value
            raise typer.BadParameter(f"{shown!r} is not a number.", ctx=ctx, param=param) from None


class Group(TyperGroup):
    """All commands; its help comes from `COMMANDS`, without importing one."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Commands()

    def make_parser(self, ctx: Any) -> Any:
        """Read the options of the whole program."""
        plainly(self.get_params(ctx))
        return super().make_parser(ctx)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands by section, then the options."""
        for section in dict.fromkeys(lazy.section for lazy in COMMANDS.values()):
            with formatter.section(section):
                formatter.write_dl([(n, lazy.help) for n, lazy in COMMANDS.items() if lazy.section == section])
        with formatter.section("Options"):
            formatter.write_dl([r for p in self.get_params(ctx) if (r := p.get_help_record(ctx)) is not None])


app = typer.Typer(
    cls=Group,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"], "max_content_width": 110},
)


def _print_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        print(f"photdb {__version__}")
        raise typer.Exit


@app.callback()
def photdb(
    verbose: Annotated[
        int,
        typer.Option("--verbose", "-v", count=True, help="Say more on stderr; -vv everything. Anywhere in the line."),
    ] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only errors on stderr. Anywhere in the line.")] = False,
    wait: Annotated[
        str | None,
        typer.Option(
            metavar="SECONDS",
            help="How long to wait for a process that holds the store (default: $PHOTDB_WAIT, else 5). Anywhere.",
        ),
    ] = None,
    token_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Where the token of --db quack:HOST stands (default: $PHOTDB_TOKEN). Anywhere."
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Folders of FITS frames into one queryable store of every measurement of every star.

    The store is photdb.duckdb in the working folder, or $PHOTDB, or --db FILE. Data go to stdout, the rest to stderr.
    """
    from photdb import config
    from photdb.cli import console

    config.give(wait=wait, token_file=token_file)
    console.start(verbosity=-1 if quiet else verbose)


_EVERYWHERE = re.compile(r"-v+|--verbose|-q|--quiet|(--wait|--token-file)=.*", re.DOTALL)
_EVERYWHERE_WITH_A_VALUE = {"--wait", "--token-file"}


def arranged(words: list[str]) -> list[str]:
    """Return the words of a command line with the options of the whole program first."""
    end = words.index("--") if "--" in words else len(words)
    front: list[str] = []
    rest: list[str] = []
    for i, word in enumerate(words[:end]):
        is_value = i > 0 and words[i - 1] in _EVERYWHERE_WITH_A_VALUE
        ours = is_value or word in _EVERYWHERE_WITH_A_VALUE or _EVERYWHERE.fullmatch(word)
        (front if ours else rest).append(word)
    return front + rest + words[end:]


#: What typer raises for a line it does not understand (its place has moved between versions of typer).
_NotUnderstood: Any = typer.BadParameter.__mro__[1]


def main(words: list[str] | None = None) -> None:
    """Run the command line and end the process."""
    try:
        code = run(sys.argv[1:] if words is None else words)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read us (head, less) has seen enough; Python must not complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    raise SystemExit(code)


def run(words: list[str]) -> int:
    """Run one command line; turn expected failures into a message, and return the exit code."""
    from photdb import config

    command = typer.main.get_command(app)
    try:
        with command.make_context("photdb", arranged(words) or ["--help"]) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except (KeyboardInterrupt, typer.Abort):
        print("interrupted", file=sys.stderr)
        return 130
    except PhotdbError as error:
        return _complain(error)
    except _NotUnderstood as error:
        return _complain(_as_ours(error))
    finally:
        config.give()  # what was said in this line is not said in the next
    return 0


def _as_ours(error: Any) -> PhotdbError:
    """Return typer's complaint as one of ours."""
    path = error.ctx.command_path if error.ctx is not None else "photdb"
    if type(error).__name__ == "NoArgsIsHelpError":
        return UsageError(
            f"{path} needs a command after it: {', '.join(error.ctx.command.commands)}", f"see `{path} --help`"
        )
    return UsageError(error.format_message().rstrip("."), f"see `{path} --help`")


def _complain(error: PhotdbError) -> int:
    """Print an error and its hint; return its exit code."""
    from photdb.cli import console

    console.complain(error.what, error.hint)
    return error.exit_code


if __name__ == "__main__":
    main()
