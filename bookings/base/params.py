"""Numbers and days in addresses and hidden fields, which anybody can type.

What makes no sense falls back to a default.
"""

from datetime import date


def read_int(text: str, *, default: int = 0, most: int = 9_999) -> int:
    """A number from 0 to `most`; `default` for anything else."""
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most))):
        return default
    number = int(text)
    return number if number <= most else default


def read_ids(texts: list[str], *, most: int = 100) -> list[int]:
    """The numbers of rows, each once and in order; at most so many texts are looked at."""
    numbers = {read_int(text, default=-1, most=2**63 - 1) for text in texts[:most]}
    return sorted(number for number in numbers if number >= 0)


def read_day(text: str) -> date | None:
    """The day written as 2026-12-25; None for anything else."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
