from argparse import ArgumentParser
from datetime import datetime
from typing import Any, Final

from django.core.management.base import BaseCommand
from django.template.defaultfilters import filesizeformat
from django.utils import timezone

from bookings.domain.maintenance.database_report import DatabaseReport, SlowStats, database_report

_TABLES: Final = 20
_INDEXES: Final = 15


class Command(BaseCommand):
    help = "Says how the database is doing: sizes, unused indexes, slow statements, memory, connections."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--thorough",
            action="store_true",
            help="also what takes a while on a big database (sizes of tables on SQLite)",
        )
        parser.add_argument("--all", action="store_true", help="every table and index, not only the largest")

    def handle(self, *args: Any, thorough: bool, **options: Any) -> None:
        report = database_report(thorough=thorough)
        self._facts(report)
        tables = report.tables if options["all"] else report.tables[:_TABLES]
        self._table(
            "Tables",
            ["table", "rows ~", "size", "indexes", "dead", "vacuumed"],
            [
                [
                    table.name,
                    _n(table.rows),
                    _b(table.size),
                    _b(table.index_size),
                    _n(table.dead_rows),
                    _t(table.vacuumed_at),
                ]
                for table in tables
            ],
        )
        indexes = report.indexes if options["all"] else report.indexes[:_INDEXES]
        self._table(
            "Indexes that nothing reads, then the largest",
            ["index", "table", "size", "scans", ""],
            [
                [
                    index.name,
                    index.table,
                    _b(index.size),
                    _n(index.scans),
                    "UNUSED" if index.is_unused else "",
                ]
                for index in indexes
            ],
        )
        if report.statements is not None:
            self._statements("Statements by all the time they took (pg_stat_statements)", report.statements)
        self._statements("Statements that our code waited for longest (SLOW_QUERY_MS)", report.slow)

    def _facts(self, report: DatabaseReport) -> None:
        facts = {
            "database": f"{report.engine}, {_b(report.size)}",
            "free within the file": _b(report.free_size),
            "write-ahead log": _b(report.log_size),
            "found in its memory": _p(report.hit_percent),
            "found in Redis": _p(report.cache_hit_percent),
            "connections": f"{report.connections} of {report.most_connections}"
            if report.connections is not None
            else "-",
            "oldest transaction": f"{report.oldest_transaction.total_seconds():.1f} s"
            if report.oldest_transaction
            else "-",
            "counted since": _t(report.counted_since),
            "unused indexes": f"{len(report.unused)}, {_b(report.unused_size)}"
            if report.hit_percent is not None
            else "-",
        }
        for name, value in facts.items():
            if value != "-":
                self.stdout.write(f"{name:22}{value}")

    def _table(self, title: str, names: list[str], rows: list[list[str]]) -> None:
        self.stdout.write("")
        self.stdout.write(self.style.MIGRATE_HEADING(title))
        widths = [max(len(line[column]) for line in [names, *rows]) for column in range(len(names))]
        is_text = [name in ("index", "table", "vacuumed", "") for name in names]
        for line in [names, *rows]:
            cells = zip(line, widths, is_text, strict=True)
            self.stdout.write(
                "  ".join(f"{text:{'<' if left else '>'}{width}}" for text, width, left in cells).rstrip()
            )

    def _statements(self, title: str, statements: tuple[SlowStats, ...]) -> None:
        self.stdout.write("")
        self.stdout.write(self.style.MIGRATE_HEADING(title))
        for statement in statements:
            self.stdout.write(
                (
                    f"{statement.times} × {statement.mean_ms:.0f} ms, longest {statement.longest_ms:.0f} ms  "
                    f"{statement.place}"
                ).rstrip()
            )
            self.stdout.write(f"    {statement.sql[:300]}")
        if not statements:
            self.stdout.write("none")


def _n(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _b(size: int | None) -> str:
    return "-" if size is None else str(filesizeformat(size)).replace("\xa0", " ")


def _p(percent: float | None) -> str:
    return "-" if percent is None else f"{percent:.1f} %"


def _t(at: datetime | None) -> str:
    return "-" if at is None else f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
