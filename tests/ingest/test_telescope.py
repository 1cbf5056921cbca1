"""Telescope files: the shipped ones, and what is said of wrong ones."""

import re
import tomllib
from pathlib import Path

import pytest

from photdb.bands import bands
from photdb.errors import InputError, NotFoundError
from photdb.ingest.cards import Cards
from photdb.ingest.telescope import Match, Words, load_telescopes
from photdb.ingest.telescope_file import parse_telescope

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "ingest" / "telescopes"
FILES = sorted(SHIPPED.glob("*.toml"))
MINIMAL = '[match.all]\nTELESCOP = "mine"\n[[time]]\ndate = "DATE-OBS"\n'


def parse(text: str):  # type: ignore[no-untyped-def]
    """Parse a telescope file named mine.toml."""
    return parse_telescope(text, name="mine", source="mine.toml")


@pytest.mark.parametrize("file", FILES, ids=[f.stem for f in FILES])
def test_every_shipped_file_is_valid_and_names_only_known_bands(file: Path) -> None:
    telescope = parse_telescope(file.read_text(), name=file.stem, source=str(file))
    assert telescope.title != file.stem
    assert telescope.times
    assert all(band in bands() or band == word for word, band in telescope.filter_bands.items())
    assert all(band in bands() for pair in telescope.calibrate_as.items() for band in pair)
    if file.stem != "generic":
        assert telescope.match.cards(), "only generic may match every header"


def test_no_python_hides_among_the_data() -> None:
    assert [f for f in (ROOT / "ingest").rglob("*") if f.is_file() and f.suffix != ".toml"] == []


def test_generic_is_tried_last_and_the_users_folder_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "telescopes"
    folder.mkdir()
    (folder / "zz_mine.toml").write_text(MINIMAL)
    (folder / "skycamt.toml").write_text('title = "my own"\n' + MINIMAL)
    monkeypatch.setenv("PHOTDB_CONFIG", str(tmp_path))
    known = load_telescopes()
    names = [telescope.name for telescope in known.files]
    assert names[:2] == ["skycamt", "zz_mine"]
    assert names[-1] == "generic"
    assert names.count("skycamt") == 1
    assert known.named("skycamt").title == "my own"
    assert known.find(Cards.from_text("TELESCOP= 'mine'")).name == "skycamt"


def test_a_wrong_telescope_name_gets_the_nearest() -> None:
    with pytest.raises(NotFoundError) as error:
        load_telescopes([SHIPPED]).named("skycam")
    assert "skycamt" in error.value.hint


def test_a_folder_without_generic_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="generic"):
        load_telescopes([tmp_path])


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("title = \n", "not valid TOML", ""),
        (MINIMAL + "[detecter]\ngain = 1\n", "unknown key 'detecter'", "did you mean 'detector'?"),
        (MINIMAL + "[detector]\ngian = 1\n", "unknown key 'detector.gian'", "did you mean 'gain'?"),
        (
            MINIMAL + '[detector]\ngain = { card = "GAIN" }\n',
            "unknown key 'detector.gain.card'",
            "did you mean 'cards'?",
        ),
        (MINIMAL + "[detector]\ngain = { value = '1' }\n", "detector.gain.value = '1': a number is needed", ""),
        (MINIMAL + "[detector]\nmirrored = 1\n", "detector.mirrored = 1: true or false is needed", ""),
        (MINIMAL + "[detector]\ntrim = '1:2'\n", "detector.trim = '1:2': a section is needed", ""),
        (
            MINIMAL + "[optics]\ndiameter = { value = 6, unit = 'feet' }\n",
            "optics.diameter.unit = 'feet': one of m, cm",
            "",
        ),
        (MINIMAL + "[site]\nlatitude = 95.0\nlongitude = 0.0\n", "site.latitude = 95.0: outside -90 to 90", ""),
        (MINIMAL + "[site]\nlatitude = 35.0\n", "site needs latitude and longitude, or neither", ""),
        (MINIMAL + "[frame]\nbinning = [2]\n", "frame.binning = [2]: two whole numbers are needed", ""),
        (MINIMAL + "[frame]\nobject = 5\n", "frame.object = 5: a text or a list of texts is needed", ""),
        (MINIMAL + "[filter]\nbands = ['V']\n", "filter.bands = ['V']: a table is needed", ""),
        (MINIMAL + "[image_type]\nlights = ['x']\n", "unknown key 'image_type.lights'", "did you mean 'light'?"),
        (MINIMAL + "[[pointing]]\nra = 'RA'\n", "pointing[0].dec is missing", ""),
        (MINIMAL + "[[time]]\nmarks = 'start'\n", "time[1]: exactly one of date, mjd and jd", ""),
        (MINIMAL + "[[time]]\ndate = 'A'\nmarks = 'begin'\n", "time[1].marks = 'begin': one of start, middle, end", ""),
        (MINIMAL + "[[time]]\ndate = 'A'\nzone = 'MST'\n", "time[1].zone = 'MST'", ""),
        ("[match]\nTELESCOP = 'x'\n[[time]]\ndate = 'D'\n", "unknown key 'match.TELESCOP'", "known here: all, any"),
        ("[time]\ndate = 'D'\n", "an array of tables is needed", ""),
        ("[match.all]\nTELESCOP = 'mine'\n", "no [[time]]", ""),
    ],
)
def test_a_wrong_file_is_refused_naming_file_and_key(text: str, what: str, hint: str) -> None:
    with pytest.raises(InputError) as error:
        parse(text)
    assert error.value.what.startswith("mine.toml: ")
    assert what in error.value.what
    assert hint in error.value.hint


def test_a_quantity_may_be_written_in_four_ways() -> None:
    for text in ("1.6", '"EGAIN"', '["EGAIN", "GAIN"]', '{ cards = [{ card = "EGAIN", high = 9 }], value = 1.6 }'):
        gain = parse(MINIMAL + f"[detector]\ngain = {text}\n").gain
        assert gain.value == 1.6 or gain.cards[0].card == "EGAIN"


@pytest.mark.parametrize(
    ("words", "value", "held"),
    [
        (["hall"], "hall", True), (["hall"], "HALL ", True), (["hall"], "hall2", False), (["hall*"], "hall2", True),
        (["a", "b"], "b", True), ([r"/PAN\d{3}$/"], "PAN001", True), ([r"/PAN\d{3}$/"], "PAN0011", False),
        (["*"], 5, True), (["*"], None, False), (["1"], 1, True),
    ],
)  # fmt: skip
def test_words_match_whole_values_prefixes_and_expressions(
    words: list[str], value: str | int | None, held: bool
) -> None:
    assert Words.of(words).match(value) == held


def test_a_rule_needs_all_of_all_and_one_of_any() -> None:
    rule = Match(all_of=(("A", Words.of(["x"])),), any_of=(("B", Words.of(["y"])), ("C", Words.of(["z"]))))
    assert rule.holds(Cards.from_text("A       = 'x'\nC       = 'z'"))
    assert not rule.holds(Cards.from_text("A       = 'x'\nC       = 'y'"))
    assert not rule.holds(Cards.from_text("B       = 'y'\nC       = 'z'"))


def test_the_example_of_the_guide_works() -> None:
    guide = (ROOT / "docs" / "guides" / "new-telescope.md").read_text()
    examples = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    assert examples
    for example in examples:
        tomllib.loads(example)
    telescope = parse_telescope(examples[0], name="backyard", source="guide")
    header = re.search(r"```text\n(.*?)```", guide, re.DOTALL)
    assert header is not None
    from photdb.ingest.fits import header_of_text
    from photdb.ingest.header import understand

    image = header_of_text(header.group(1))
    assert telescope.match.holds(image.cards)
    frame = understand(image, telescope, path=Path("x.fits"), hdu=0)
    assert (frame.problems, frame.guesses) == ((), ())
    assert (frame.band, frame.gain, frame.image_type) == ("r", 0.78, "light")
    assert frame.mjd_mid == pytest.approx(60585.90815, abs=1e-5)
    assert frame.pixel_scale == pytest.approx(1.28)
