"""Where a page of a long list ended, as programs send it back: by which moment it is sorted, and the row."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

CURSOR_PATTERN: Final = r"^[0-9]{1,16}-[0-9]{1,18}$"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Cursor(NamedTuple):
    moment: datetime
    pk: int

    def __str__(self) -> str:
        return f"{(self.moment - _EPOCH) // _MICROSECOND}-{self.pk}"


def read_cursor(text: str) -> Cursor | None:
    """The cursor in a text of CURSOR_PATTERN; none in an empty one."""
    if not text:
        return None
    micros, _dash, pk = text.partition("-")
    return Cursor(_EPOCH + int(micros) * _MICROSECOND, int(pk))
