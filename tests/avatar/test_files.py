"""Files appear whole or not at all, whatever their names are."""

from pathlib import Path

import pytest

from avatar.files import replace_file


@pytest.mark.parametrize(
    "name", ["a" * 246 + ".mp4", "ü" * 125 + ".mkv", "." + "x" * 250, "a." + "b" * 250]
)
def test_a_name_may_be_as_long_as_the_disk_allows(tmp_path: Path, name: str) -> None:
    with replace_file(tmp_path / name) as temporary:
        temporary.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), replace_file(tmp_path / "film.mp4") as temporary:
        temporary.write_text(str(1 / 0))
    assert not list(tmp_path.iterdir())
