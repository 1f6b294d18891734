import pytest

from avatar.yaml_files import MAX_TEXT, YamlError, parse_yaml


def test_plain_values_are_read() -> None:
    assert parse_yaml("a: [1, 2.5, yes]\nb: {c: text}\n") == {
        "a": [1, 2.5, True],
        "b": {"c": "text"},
    }
    assert parse_yaml("") is None


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [1]\nb: *a",
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",
        "a: &a [*a]",
        "<<: *x",
        "[" * 5000,
        "a: " + "{a: " * 2000,
        "!!python/object/apply:os.system [id]",
        "9" * 5000,
        "? [a]\n: 1",
        "? {a: 1}\n: 1",
        "a: [",
        "\x00",
        "=",
        "!!binary x",
        "!!timestamp x",
        "!!int x",
        "x" * (MAX_TEXT + 1),
    ],
)
def test_everything_else_is_one_line(text: str) -> None:
    with pytest.raises(YamlError) as error:
        parse_yaml(text)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize("day", ["2027-12-31", "2001-99-99", "2001-01-01 99:00:00"])
def test_days_are_text(day: str) -> None:
    assert parse_yaml(f"until: {day}") == {"until": day}
