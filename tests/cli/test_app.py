"""The frame of the command line: its table of commands, how fast it starts, progress."""

import subprocess
import sys

import pytest
import typer

from photdb import progress
from photdb.cli import app as cli
from photdb.cli import console

HEAVY = {"numpy", "polars", "astropy", "healpy", "scipy", "matplotlib", "pyarrow", "rich", "sep", "pydantic"}


@pytest.fixture
def commands():
    return typer.main.get_command(cli.app).commands


def test_every_command_of_the_table_is_there_and_says_what_the_table_says(commands):
    for name, lazy in cli.COMMANDS.items():
        command = commands[name]
        if name != "lc":
            assert lazy.help == command.help.strip().partition("\n")[0], name


def test_help_names_every_command_and_imports_none():
    code = (
        "import sys; from photdb.cli.app import run; run(['--help']); "
        "print(*(m for m in sys.modules if m.startswith('photdb.') or '.' not in m), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for name in cli.COMMANDS:
        assert f"  {name} " in done.stdout
    loaded = set(done.stderr.split())
    assert loaded & (HEAVY | {"duckdb"}) == set()
    assert {m for m in loaded if m.startswith("photdb.cli.")} == {"photdb.cli.app"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["lightcurve", "41.58", "-30.27"], 0),
        (["lightcurve", "hat-p 99", "--limits"], 0),
        (["lightcurve", "--targets", "LIST"], 0),
        (["lightcurve", "41.58", "-30.1"], 3),
        (["cone", "41.58", "-30.27", "60"], 0),
        (["cone", "--polygon", "41.5 -30.3 41.7 -30.3 41.6 -30.2"], 0),
        (["cone", "--moc", "0/0-11"], 0),
        (["objects", "--where", "dec < 0"], 0),
        (["coverage", "41.58", "-30.27"], 0),
        (["frames"], 0),
        (["sql", "SELECT 1"], 0),
    ],
)
def test_a_question_imports_nothing_heavy(small_store, tmp_path, line, expected):
    (tmp_path / "list.csv").write_text("ra,dec\n41.58,-30.27\n")
    words = [str(tmp_path / "list.csv") if word == "LIST" else word for word in line]
    code = (
        "import sys; from photdb.cli.app import main\n"
        f"try: main([*{words!r}, '--db', {str(small_store)!r}])\n"
        "except SystemExit as end: code = end.code\n"
        "print(code, *(m for m in sys.modules if '.' not in m), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = done.stderr.splitlines()[-1].split()
    assert found[0] == str(expected)
    assert set(found) & HEAVY == set()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["lc", "-v", "1", "-2"], ["-v", "lc", "1", "-2"]),
        (["lc", "--quiet", "1", "-q"], ["--quiet", "-q", "lc", "1"]),
        (["lc", "--", "-v"], ["lc", "--", "-v"]),
        (["lc", "-vv"], ["-vv", "lc"]),
    ],
)
def test_options_of_the_whole_program_may_stand_anywhere(words, expected):
    assert cli.arranged(words) == expected


def test_a_negative_number_is_an_argument_and_an_option_is_an_option():
    seen = {}
    app = typer.Typer(add_completion=False)

    @app.command(cls=cli.Command)
    def try_(
        words: list[str],
        number: float = typer.Option(0.0),
        pair: tuple[float, float] = typer.Option((0.0, 0.0)),
        flag: bool = typer.Option(False, "-f"),
    ) -> None:
        seen.update(words=words, number=number, pair=pair, flag=flag)

    command = typer.main.get_command(app)
    words = ["1.5", "-30.27", "--number", "-7", "-f", "-.5", "--pair", "-1", "-2", "-00:30:00", "-30d16m12s"]
    command.main(words, standalone_mode=False)
    assert seen == {
        "words": ["1.5", "-30.27", "-.5", "-00:30:00", "-30d16m12s"],
        "number": -7.0,
        "pair": (-1.0, -2.0),
        "flag": True,
    }
    with pytest.raises(cli._NotUnderstood, match="--nubmer"):
        command.main(["1", "--nubmer", "2"], standalone_mode=False)


@pytest.mark.parametrize("words", [["1", "--number", "x"], ["1", "--pair", "1", "y"], ["1", "--whole", "1.5"]])
def test_a_word_that_is_no_number_is_named_with_its_option(words):
    app = typer.Typer(add_completion=False)

    @app.command(cls=cli.Command)
    def try_(
        words: list[str],
        number: float | None = None,
        whole: int = 3,
        pair: tuple[float, float] | None = None,
    ) -> None:
        raise AssertionError

    with pytest.raises(cli._NotUnderstood) as caught:
        typer.main.get_command(app).main(words, standalone_mode=False)
    assert caught.value.format_message() == f"Invalid value for '{words[1]}': '{' '.join(words[2:])}' is not a number."


def test_steps_are_lines_where_there_is_no_terminal(capsys, monkeypatch):
    console.start(verbosity=0)
    monkeypatch.setattr(console, "_QUICK_S", 0.0)
    assert list(progress.track([1, 2, 3], "measuring")) == [1, 2, 3]
    progress.say("night 2017-12-19: 3 frames")
    progress.warn("gain: assumed")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "measuring (3) ..."
    assert lines[1].startswith("measuring: 3 in ")
    assert lines[2:] == ["night 2017-12-19: 3 frames", "warning: gain: assumed"]
    progress.listen(None)


def test_a_bar_lives_on_a_terminal_and_lines_go_above_it(capsys, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(console, "is_terminal", lambda stream: True)
    console.start(verbosity=0)
    for _ in progress.track(range(3), "outer"):
        for _ in progress.track(iter([1, 2]), "inner"):
            progress.say("one line [with brackets]")
    err = capsys.readouterr().err
    assert err.count("one line [with brackets]") == 6
    assert "outer" in err
    assert console._living is None
    progress.listen(None)


def test_the_log_is_shown_as_much_as_is_asked_for(capsys):
    import logging

    log = logging.getLogger("photdb.test")
    for verbosity, expected in ((-1, 1), (0, 2), (1, 3), (2, 4)):
        console.start(verbosity=verbosity)
        log.debug("d")
        log.info("i")
        log.warning("w")
        log.error("e")
        assert len(capsys.readouterr().err.splitlines()) == expected
    progress.listen(None)
