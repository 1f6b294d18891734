"""What is printed fits a terminal of 80 columns: the help of every command, and tables."""

import re
from collections.abc import Iterator

import pytest
import typer
from rich import box
from rich.table import Table
from typer.testing import CliRunner

from avatar.evaluation.cross_identity import Driven
from avatar.evaluation.evaluate import Evaluation, Row
from avatar.evaluation.lip_match import LipMatch
from avatar.evaluation.score import Scores
from avatar.evaluation.table import FIGURES, driven_table, evaluation_table
from streaming.cli import app
from streaming.commands.tables import print_tables
from streaming.core.console import text_console

WIDTH = 80
LEAST_TEXT = 36  # characters of the column of words


def _commands(group: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from _commands(command, (*path, name))


COMMANDS = list(_commands(typer.main.get_command(app)))


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    from typer import rich_utils

    monkeypatch.setattr(rich_utils, "MAX_WIDTH", WIDTH)
    monkeypatch.setattr(rich_utils, "FORCE_TERMINAL", False)


def _help(path: tuple[str, ...]) -> list[str]:
    done = CliRunner().invoke(app, [*path, "--help"])
    assert done.exit_code == 0
    return done.output.splitlines()


def _options(lines: list[str]) -> list[str]:
    begin = next(i for i, line in enumerate(lines) if line.startswith("╭─ Options"))
    end = next(i for i in range(begin, len(lines)) if lines[i].startswith("╰"))
    return lines[begin + 1 : end]


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_leaves_room_for_its_words(path: tuple[str, ...]) -> None:
    lines = _help(path)
    assert max(map(len, lines)) <= WIDTH
    help_row = next(line for line in _options(lines) if "--help" in line)
    begin = help_row.index("Show this message")
    assert WIDTH - 2 - begin >= LEAST_TEXT
    for line in _options(lines):  # a word that is cut would begin where none may
        assert line[begin - 1] == " "


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_cuts_no_word(path: tuple[str, ...]) -> None:
    from typer import rich_utils

    narrow = "".join(_options(_help(path)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rich_utils, "MAX_WIDTH", 400)
        wide = "".join(_options(_help(path)))
    words = set(narrow.replace("│", " ").split())
    assert words == set(wide.replace("│", " ").split())


def _printed(table: Table, capsys: pytest.CaptureFixture[str]) -> list[str]:
    print_tables(text_console(soft_wrap=False, width=WIDTH), table)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    return lines


def _scores() -> Scores:
    return Scores(31.25, 0.9312, 38.5, 0.9876, 0.512, 0.498, 1.23, 0.0456, 0.712, -12.0, 1.04)


def test_an_evaluation_keeps_its_heads_and_figures_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ["true video", "anna-of-the-north", "still mouth", "mean lips", "nearest frame", "bob"]
    rows = [Row(name, _scores()) for name in names]
    lines = _printed(evaluation_table(Evaluation("anna", "", [], None, 300, rows)), capsys)
    words = {word for line in lines for word in line.split()}
    assert {word for name in names for word in name.split()} <= words
    for figure in FIGURES:
        (line,) = [line for line in lines if line.strip().startswith(f"{figure}  ")]
        assert len(re.findall(r" (-|[+-]?\d+\.?\d*)(?= |$)", line)) >= len(names)


def test_lips_driven_by_others_keep_their_heads_whole(capsys: pytest.CaptureFixture[str]) -> None:
    match = LipMatch(0.712, -12.0, 0.612, 0.12, 0.34, 1.04)
    driven = [Driven(f"person-{number}", "clip", 1234, match, match) for number in range(3)]
    lines = _printed(driven_table("anna", driven), capsys)
    words = [word for line in lines for word in line.split()]
    for head in ("person", "clips", "frames", "aperture", "width", "missed", "closures", "speed"):
        assert head in words
    assert words.count("(0.712)") == len(driven) + 1


def test_a_wide_table_is_wrapped_between_words(capsys: pytest.CaptureFixture[str]) -> None:
    heads = [f"heading-{number} of-this-column" for number in range(4)]
    table = Table(*heads, box=box.SIMPLE_HEAD)
    table.add_row("11.1/22.2/33.3", "44.4 (55.5)", "of several words in one cell", "x")
    words = " ".join(_printed(table, capsys)).split()
    for word in " ".join(heads).split():
        assert word in words
    assert "11.1/22.2/33.3" in words


@pytest.mark.parametrize("stderr", [False, True])
def test_control_characters_of_users_and_files_are_left_out(
    stderr: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "\x1b[31mred\x07\x9b2J \u202etxt.exe\x00 \x1b]0;title\x07é\tend"
    table = Table("name", title=words, box=None)
    table.add_row(words)
    console = text_console(stderr=stderr, soft_wrap=False, width=WIDTH)
    console.print(words)
    console.print(table)
    captured = capsys.readouterr()
    text = captured.err if stderr else captured.out
    assert text.count("[31mred2J txt.exe ]0;title") == 3
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
