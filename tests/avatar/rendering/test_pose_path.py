"""Pose paths as people and spreadsheets write them."""

from pathlib import Path

import pytest

from avatar.errors import AvatarError
from avatar.rendering.pose_path import read_pose_path


def test_path_is_read_and_held_at_its_ends(tmp_path: Path) -> None:
    path = tmp_path / "path.csv"
    path.write_text("# a comment\n1, 0, 0, 0\n\n2 10 -5 2  # turned\n")
    poses = read_pose_path(path)
    assert poses.at(0).tolist() == [0, 0, 0]
    assert poses.at(9).tolist() == [10, -5, 2]
    assert poses.at(1.5)[0] == pytest.approx(5, abs=0.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 0 0\n", "line 1: needs four numbers"),
        ("0 0 0 0\n1 a 0 0\n", "line 2: needs four numbers"),
        ("0 0 0 0\n0 1 0 0\n", "line 2: time must rise"),
        ("0 13 0 0\n", "from -12 to 12"),
        ("0 nan 0 0\n", "needs four numbers"),
        ("# nothing\n", "holds no pose"),
    ],
)
def test_bad_paths(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "path.csv"
    path.write_text(text)
    with pytest.raises(AvatarError, match=message):
        read_pose_path(path)
    with pytest.raises(AvatarError, match="cannot be read"):
        read_pose_path(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    "data",
    [
        "\ufeff0, 0, 0, 0\r\n1, 5, 0.5, 0\r\n".encode(),
        "0\t0\t0\t0\r\n1\t5\t0,5\t0\r\n".encode("utf-16"),
        "0;0;0;0\r\n1,0;5;0,5;0\r\n;;;\r\n".encode("utf-8-sig"),
        b'"0","0","0","0"\n"1,0","5","0,5","0"\n',
        b"seconds;yaw;pitch;roll\n0;0;0;0\n1;5;0,5;0\n",
        b"0 0 0 0\n1 5 0,5 0\n",
        b"0,0,0,0 # gr\xf6\xdfer\n1,5,0.5,0\n",
        "0,0,0,0\n1,5,0.5,\N{MINUS SIGN}0\n".encode(),
    ],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "path.csv"
    path.write_bytes(data)
    poses = read_pose_path(path)
    assert poses.seconds.tolist() == [0, 1]
    assert poses.angles.tolist() == [[0, 0, 0], [5, 0.5, 0]]


def test_a_second_line_of_headings_is_no_moment(tmp_path: Path) -> None:
    path = tmp_path / "path.csv"
    path.write_text("t,yaw,pitch,roll\n0,0,0,0\nt,yaw,pitch,roll\n")
    with pytest.raises(AvatarError, match="line 3: needs four numbers"):
        read_pose_path(path)
