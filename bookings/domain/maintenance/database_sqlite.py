"""What SQLite tells of itself. It counts neither who reads an index nor what stands in its memory."""

from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError

Row = dict[str, Any]
_MOST_WALKED: Final = 200_000_000  # bytes; the size of a table is found by reading it


def _one(cursor: Any, sql: str) -> Any:
    cursor.execute(sql)
    return cursor.fetchone()[0]


def _size(cursor: Any) -> int:
    return int(_one(cursor, "PRAGMA page_count")) * int(_one(cursor, "PRAGMA page_size"))


def facts(cursor: Any) -> Row:
    log = Path(f"{cursor.db.settings_dict['NAME']}-wal")
    return {
        "engine": f"SQLite {_one(cursor, 'SELECT sqlite_version()')}",
        "size": _size(cursor),
        "free_size": _one(cursor, "PRAGMA freelist_count") * _one(cursor, "PRAGMA page_size"),
        "log_size": log.stat().st_size if log.exists() else 0,
    }


def tables(cursor: Any, *, thorough: bool) -> list[Row]:
    cursor.execute(
        "SELECT name, tbl_name, type FROM sqlite_master WHERE type IN ('table', 'index') "
        "AND name NOT LIKE 'sqlite_stat%'"
    )
    named = cursor.fetchall()
    sizes, rows = (
        _sizes(cursor, thorough),
        _rows(cursor, [name for name, _table, kind in named if kind == "table"]),
    )
    return [
        {
            "name": name,
            "rows": rows.get(name),
            "size": sizes.get(name),
            "index_size": sum(
                sizes.get(index, 0) for index, table, kind in named if kind == "index" and table == name
            )
            if sizes
            else None,
        }
        for name, _table, kind in named
        if kind == "table"
    ]


def indexes(cursor: Any, *, thorough: bool) -> list[Row]:
    cursor.execute(
        'SELECT i.name, m.name, i."unique" FROM sqlite_master m, pragma_index_list(m.name) i '
        "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_stat%'"
    )
    named = cursor.fetchall()
    sizes = _sizes(cursor, thorough)
    return [
        {"name": name, "table": table, "size": sizes.get(name), "scans": None, "is_rule": bool(unique)}
        for name, table, unique in named
    ]


def statements(cursor: Any, most: int) -> None:
    return None


def _sizes(cursor: Any, thorough: bool) -> dict[str, int]:
    """Bytes by table and index.

    {} where this SQLite cannot tell, or only by reading a big file from end to end.
    """
    if not thorough and _size(cursor) > _MOST_WALKED:
        return {}
    try:
        cursor.execute("SELECT name, pgsize FROM dbstat WHERE aggregate = TRUE")
    except DatabaseError:  # built without it
        return {}
    return dict(cursor.fetchall())


def _rows(cursor: Any, names: list[str]) -> dict[str, int]:
    """Rows by table: the last row's number, which is at least as many as there are, from the end of each
    tree.
    """
    quote = cursor.db.ops.quote_name
    queries = [
        f"SELECT '{name}', (SELECT max(rowid) FROM {quote(name)})" for name in names if "'" not in name
    ]
    cursor.execute(" UNION ALL ".join(queries))
    return {name: last or 0 for name, last in cursor.fetchall()}
