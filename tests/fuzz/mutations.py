"""Things that are almost right: a good one, changed here and there."""

from typing import Any

from hypothesis import strategies as st

MOST = 6  # changes of one example
NUMBERS = (
    b"", b"-1", b"0", b"1", b"65535", b"65536", b"2147483648", b"4294967296", b"9" * 40, b"1e999",
    b"NaN", b"0x7f",
)  # fmt: skip
WORDS = st.one_of(st.sampled_from(NUMBERS), st.binary(max_size=40), st.text(max_size=20))


class Files(dict[str, bytes]):
    """Files by name; in reports only their names."""

    def __repr__(self) -> str:
        return f"Files({', '.join(self)})"


@st.composite
def mutated_bytes(draw: st.DrawFn, base: bytes) -> bytes:
    """`base` with some bytes changed, cut out, put in, or cut off."""
    data = bytearray(base)
    for _ in range(draw(st.integers(1, MOST))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 64))
        match draw(st.integers(0, 4)):
            case 0:
                data[at : at + length] = draw(st.binary(min_size=length, max_size=length))
            case 1:
                del data[at : at + length]
            case 2:
                data[at:at] = draw(st.binary(max_size=64))
            case 3:
                number = draw(st.sampled_from((0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)))
                order = draw(st.sampled_from(("little", "big")))
                data[at : at + 4] = number.to_bytes(4, order)  # type: ignore[arg-type]
            case _:
                del data[at + length * len(data) // 64 :]
    return bytes(data)


@st.composite
def mutated_lines(draw: st.DrawFn, base: str) -> str:
    """Lines of `base` dropped, doubled, moved, or with another word in them."""
    lines = base.splitlines()
    for _ in range(draw(st.integers(1, MOST))):
        at = draw(st.integers(0, max(0, len(lines) - 1)))
        match draw(st.integers(0, 4)) if lines else 3:
            case 0:
                del lines[at]
            case 1:
                lines[at:at] = [lines[at]] * draw(st.sampled_from((1, 2, 40, 2000)))
            case 2:
                lines.insert(draw(st.integers(0, len(lines))), lines.pop(at))
            case 3:
                lines.insert(at, draw(st.text(max_size=60)))
            case _:
                lines[at] = draw(_another_word(lines[at]))
    return "\r\n".join(lines) + "\r\n"


@st.composite
def _another_word(draw: st.DrawFn, line: str) -> str:
    for separator in draw(st.permutations((" ", ":", "=", "/", ";"))):
        words = line.split(separator)
        if len(words) > 1:
            word = draw(WORDS)
            text = word if isinstance(word, str) else word.decode("latin-1")
            words[draw(st.integers(0, len(words) - 1))] = text
            return separator.join(words)
    return line


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=8,
)
