"""What the documentation names is there: files, links, targets of make, packages."""

import re
from pathlib import Path

import pytest

from tests.package_order import AVATAR, STREAMING

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)[^)]*\)")
PATH = re.compile(r"`((?:avatar|streaming|tests|deploy|docs)/[a-z0-9_./-]+)`")
TARGET = re.compile(r"(?:`|^ {4})make ([a-z][a-z-]*)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_every_file_named_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for link in LINK.findall(text):
        assert (page.parent / link).exists(), link
    for path in PATH.findall(text):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_has_every_target_named(page: Path) -> None:
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(TARGET.findall(page.read_text(encoding="utf-8"))) <= there


def test_the_architecture_names_every_package_and_its_files() -> None:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    words = set(re.findall(r"`([\w./]+)`", text))
    for name in (*AVATAR, *STREAMING):
        assert {name, f"{name}/"} & words, name
    for file in (word for word in words if re.fullmatch(r"[a-z_0-9/]+\.py", word)):
        assert any(ROOT.rglob(file)), file
