"""What comes from users and files is printed as text: no module reads it as Rich's markup."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from streaming.core.console import text_console

ROOT = Path(__file__).parents[1]
CONSOLE = ROOT / "streaming/core/console.py"
MODULES = [p for package in ("avatar", "streaming") for p in sorted((ROOT / package).rglob("*.py"))]


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _without_markup(call: ast.Call) -> bool:
    given = {word.arg: word.value for word in call.keywords}
    value = given.get("markup")
    return isinstance(value, ast.Constant) and value.value is False


def _markup(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in ("rich", "rich.markup"):
            yield f"line {node.lineno}: imports {node.module}"
        if not isinstance(node, ast.Call):
            continue
        name = _called(node)
        if name == "from_markup" or (
            name in ("Console", "TextColumn") and not _without_markup(node)
        ):
            yield f"line {node.lineno}: {name} reads markup"
        if name == "status" and not all(isinstance(part, ast.Constant) for part in node.args):
            yield f"line {node.lineno}: a status reads its words as markup"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_prints_markup(path: Path) -> None:
    assert not list(_markup(path))


def test_the_rule_finds_what_it_forbids(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text("Console().print(name)\nTextColumn(name)\nconsole.status(name)\n")
    assert len(list(_markup(module))) == 3


@pytest.mark.parametrize(
    "words", ["talk [id].wav", "nobody [synthetic]", "[/abc]", ":smile:", "[red]"]
)
def test_brackets_are_printed_as_they_are(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    from rich.table import Table

    table = Table("name", title=words)
    table.add_row(words)
    console = text_console(soft_wrap=False, width=80)
    console.print(words)
    console.print(table)
    assert capsys.readouterr().out.count(words) == 3
