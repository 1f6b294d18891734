"""Tables that people type or a spreadsheet writes: lines of fields, `#` begins a comment."""

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

from avatar.errors import AvatarError

TYPOGRAPHIC = str.maketrans({"\N{MINUS SIGN}": "-", "\N{NO-BREAK SPACE}": " "})

Line = tuple[int, list[str]]  # its number in the file, its fields


def read_table(path: Path, what: str) -> list[Line]:
    """Every line that holds anything; a first line of headings is passed over.

    Separated by commas, blanks, tabs or semicolons. AvatarError says why it is no `what`.
    """
    try:
        text = _decoded(path.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise AvatarError(f"{path}: cannot be read as a {what} ({error})") from error
    lines = list(_lines(text))
    headings = next((n for n, line in enumerate(lines) if not _is_heading(line[1])), len(lines))
    return lines[headings:]


def number(field: str) -> float:
    """A decimal comma is a point. Raises ValueError."""
    return float(field.replace(",", "."))


def is_number(field: str) -> bool:
    """Whether `number` reads it."""
    try:
        number(field)
    except ValueError:
        return False
    return True


def _decoded(data: bytes) -> str:
    """UTF-8, or UTF-16 as spreadsheets mark it; letters in comments may be of another alphabet."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    return data.decode("utf-8-sig", errors="replace")


def _lines(text: str) -> Iterator[Line]:
    """Number and fields of every line that holds any."""
    for row, line in enumerate(text.translate(TYPOGRAPHIC).splitlines(), start=1):
        fields = _fields(line.partition("#")[0].strip())
        while fields and not fields[-1]:
            fields.pop()
        if fields:
            yield row, fields


def _fields(line: str) -> list[str]:
    blanks = line.split()
    if len(blanks) == 4 and all(map(is_number, blanks)):
        return blanks  # so that "0,5 1,5 2 3" has decimal commas
    for separator in (";", "\t", ","):
        if separator in line:
            return [field.strip() for field in _unquoted(line, separator)]
    return blanks


def _unquoted(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator))
    except csv.Error:  # a field beyond all measure
        return [line]


def _is_heading(fields: list[str]) -> bool:
    return not any(map(is_number, fields)) and any(f[:1].isalpha() for f in fields)
