from pathlib import Path

import pytest

from avatar.errors import AvatarError
from streaming.core.secret_files import TOKEN_SECRET, read_secret


def test_the_file_comes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN_SECRET, raising=False)
    assert read_secret("", TOKEN_SECRET) is None
    monkeypatch.setenv(TOKEN_SECRET, "from the environment")
    assert read_secret("", TOKEN_SECRET) == b"from the environment"
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    assert read_secret(str(file), TOKEN_SECRET) == b"from the file"


def test_a_file_that_is_not_there_or_empty_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(AvatarError, match="cannot be read"):
        read_secret(str(tmp_path / "none"), TOKEN_SECRET)
    (tmp_path / "empty").touch()
    with pytest.raises(AvatarError, match="empty"):
        read_secret(str(tmp_path / "empty"), TOKEN_SECRET)
