"""The two rules of the layout, read from the import statements of every module."""

import ast
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("path", modules("avatar"), ids=str)
def test_avatar_knows_nothing_of_streaming(path: Path) -> None:
    forbidden = ("streaming", "asyncio", "aiortc", "fastapi", "sounddevice")
    assert not [n for n in imports(path) for f in forbidden if within(n, f)]


@pytest.mark.parametrize("path", modules("streaming"), ids=str)
def test_streaming_touches_no_network_weights(path: Path) -> None:
    forbidden = ("torch", "avatar.models", "avatar.training", "avatar.evaluation")
    assert not [n for n in imports(path) for f in forbidden if within(n, f)]


@pytest.mark.parametrize("path", modules("avatar/models"), ids=str)
def test_models_touch_no_files(path: Path) -> None:
    forbidden = ("pathlib", "os", "io", "safetensors", "yaml")
    assert not [n for n in imports(path) for f in forbidden if within(n, f)]
