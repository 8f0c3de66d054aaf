"""Reference data, remembered in this process: names, routes, fares, classes, types and seats change some times a day and are read by every page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

from django.db import router
from django.utils.translation import get_language

from bookings.models.catalogue import CatalogueMark, catalogue_mark

Found = TypeVar("Found")
_MOST: Final = 20_000  # facts; then it begins anew


class _Look(threading.local):
    """Whether this thread may go by what it has heard of the mark already, of each database that it reads."""

    is_open = False
    marks: Mapping[str, str] = {}


_look: Final = _Look()
_facts: tuple[str, dict[tuple, Any]] = ("", {})  # of one mark; replaced whole, so that another thread never sees half of it


def remembered(key: tuple, read: Callable[[], Found]) -> Found:
    """What `read` gives, asked again only after reference data has changed: by whom, how and in which process does not matter.

    `key` names what is read in this language. What is given is shared: nobody may change it.
    """
    global _facts
    if not _look.is_open:
        with one_look():
            return remembered(key, read)
    mark = current_mark()
    if not mark:
        return read()
    known = _facts
    if known[0] != mark:
        known = _facts = (mark, {})
    facts = known[1]
    full_key = (get_language(), *key)
    if full_key in facts:
        return facts[full_key]
    # Read after the mark: should it change in between, this is newer than its mark, which nobody will ever see again.
    found = read()
    if len(facts) >= _MOST:
        facts.clear()
    facts[full_key] = found
    return found


def current_mark() -> str:
    """The mark of the reference data: one query, within `one_look` once. It belongs in the key of everything that is kept elsewhere."""
    database = router.db_for_read(CatalogueMark)  # where the data will be read, too: a replica may be a little behind
    if not _look.is_open:
        return catalogue_mark(database)
    if database not in _look.marks:
        _look.marks = {**_look.marks, database: catalogue_mark(database)}
    return _look.marks[database]


@contextmanager
def one_look() -> Iterator[None]:
    """Whoever only reads, such as a request, asks once whether anything has changed. Also a decorator."""
    if _look.is_open:
        yield
        return
    _look.is_open, _look.marks = True, {}
    try:
        yield
    finally:
        _look.is_open, _look.marks = False, {}
