"""The tables of a feed, written row by row into a zip whose bytes depend on nothing but the rows."""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

Write = Callable[[Iterable[object]], Any]

_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can say
_COPY_BYTES: Final = 1 << 16


class FeedTables:
    """A zip takes its files one after the other, our tables grow side by side.

    Until `pack` they lie in a folder of their own.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="gtfs-")
        self._files: dict[str, TextIO] = {}

    def __enter__(self) -> FeedTables:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            file.close()
        self._folder.cleanup()

    def open(self, name: str, columns: Sequence[str]) -> Write:
        """Begin a table; the answer writes one row."""
        self._files[name] = (Path(self._folder.name) / name).open("w+", encoding="utf-8", newline="")
        write = csv.writer(self._files[name], lineterminator="\n").writerow
        write(columns)
        return write

    def digest(self) -> str:
        """Of all the tables so far."""
        digest = sha256()
        for name in sorted(self._files):
            with self._whole(name).open("rb") as file:
                while part := file.read(_COPY_BYTES):
                    digest.update(part)
        return digest.hexdigest()

    def pack(self, path: Path) -> None:
        """Whole or not at all."""
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as made:
            try:
                with zipfile.ZipFile(made, "w") as archive:
                    for name in sorted(self._files):
                        self._add(archive, name)
                os.chmod(made.name, 0o644)
                os.replace(made.name, path)
            except (
                BaseException
            ):  # whatever stops it, Ctrl-C too: no half file is left, and it is raised again
                os.unlink(made.name)
                raise

    def _add(self, archive: zipfile.ZipFile, name: str) -> None:
        entry = zipfile.ZipInfo(name, _NO_TIME)
        entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, 0o644 << 16, 3
        with self._whole(name).open("rb") as source, archive.open(entry, "w") as target:
            shutil.copyfileobj(source, target, _COPY_BYTES)

    def _whole(self, name: str) -> Path:
        self._files[name].flush()
        return Path(self._folder.name) / name
