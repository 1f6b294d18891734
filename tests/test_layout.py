"""The rules of the layout, read from the import statements of every module."""

import ast
import re
from pathlib import Path

import pytest

from tests.package_order import AVATAR, STREAMING

ROOT = Path(__file__).parents[1]


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def modules(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found
    return found


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def top_package(path: Path) -> str:
    """The package, or the module, right below `avatar` or `streaming` that a file stands in."""
    return path.relative_to(ROOT).with_suffix("").parts[1]


def above(path: Path, order: tuple[str, ...]) -> list[str]:
    root, own = path.relative_to(ROOT).parts[0], order.index(top_package(path))
    upper = [f"{root}.{name}" for name in order[:own]]
    return [name for name in imports(path) if any(within(name, package) for package in upper)]


@pytest.mark.parametrize("path", modules("avatar"), ids=str)
def test_avatar_knows_nothing_of_streaming(path: Path) -> None:
    forbidden = ("streaming", "asyncio", "aiortc", "fastapi", "sounddevice")
    assert not [n for n in imports(path) for f in forbidden if within(n, f)]


@pytest.mark.parametrize("path", modules("streaming"), ids=str)
def test_streaming_touches_no_network_weights(path: Path) -> None:
    if top_package(path) == "commands":  # they also train and judge
        return
    forbidden = ("torch", "avatar.models", "avatar.training", "avatar.evaluation")
    assert not [n for n in imports(path) for f in forbidden if within(n, f)]


@pytest.mark.parametrize("path", modules("avatar/models"), ids=str)
def test_models_touch_no_files(path: Path) -> None:
    forbidden = ("pathlib", "os", "io", "safetensors", "yaml")
    assert not [n for n in imports(path) for f in forbidden if within(n, f)]


def test_every_package_has_its_place_in_the_order() -> None:
    assert {top_package(path) for path in modules("streaming")} - {"__init__"} == set(STREAMING)
    # These import each other only.
    alone = {"__init__", "errors", "files", "gestures", "i420", "motion", "yaml_files"}
    assert {top_package(path) for path in modules("avatar")} - alone == set(AVATAR)


@pytest.mark.parametrize("path", modules("streaming"), ids=str)
def test_streaming_imports_only_downwards(path: Path) -> None:
    assert top_package(path) == "__init__" or not above(path, STREAMING)


@pytest.mark.parametrize("path", modules("avatar"), ids=str)
def test_avatar_imports_only_downwards(path: Path) -> None:
    order = (*AVATAR, top_package(path)) if top_package(path) not in AVATAR else AVATAR
    assert not above(path, order)


def test_nothing_but_the_command_line_stands_in_streaming_itself() -> None:
    assert {path.name for path in (ROOT / "streaming").glob("*.py")} == {"__init__.py", "cli.py"}


@pytest.mark.parametrize("root", ["avatar", "streaming"])
def test_modules_beside_each_other_differ_by_more_than_a_plural(root: str) -> None:
    for folder in {path.parent for path in modules(root)}:
        names = {path.stem for path in [*folder.glob("*.py"), *folder.glob("*/")]}
        assert not [name for name in names if f"{name}s" in names or f"{name}es" in names], folder


def test_no_two_public_classes_have_one_name() -> None:
    found: dict[str, Path] = {}
    for path in (*modules("avatar"), *modules("streaming")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                assert node.name not in found, f"{node.name}: {found[node.name]} and {path}"
                found[node.name] = path


def test_no_test_borrows_from_another() -> None:
    """What two of them need stands beside them, in a module that is no test."""
    for path in modules("tests"):
        borrowed = [name for name in imports(path) if re.match(r"tests\..*\btest_\w+\.", name)]
        assert not borrowed, path
