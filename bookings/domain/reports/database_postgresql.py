"""What PostgreSQL tells of itself, from its catalogues and statistics."""

from typing import Any

from django.db import DatabaseError, transaction

Row = dict[str, Any]


def _rows(cursor: Any, sql: str, *params: object) -> list[Row]:
    cursor.execute(sql, params)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def facts(cursor: Any) -> Row:
    return _rows(
        cursor,
        """
        SELECT 'PostgreSQL ' || split_part(current_setting('server_version'), ' ', 1) AS engine,
               pg_database_size(datname) AS size,
               stats_reset AS counted_since,
               (100.0 * blks_hit / nullif(blks_hit + blks_read, 0))::float AS hit_percent,
               numbackends AS connections,
               current_setting('max_connections')::int AS most_connections,
               (SELECT max(clock_timestamp() - xact_start) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()) AS oldest_transaction
        FROM pg_stat_database WHERE datname = current_database()
        """,
    )[0]


def tables(cursor: Any, *, thorough: bool) -> list[Row]:
    return _rows(
        cursor,
        """
        SELECT c.relname AS name,
               CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint ELSE s.n_live_tup END AS rows,
               pg_table_size(c.oid) AS size,
               pg_indexes_size(c.oid) AS index_size,
               s.n_dead_tup AS dead_rows,
               greatest(s.last_vacuum, s.last_autovacuum) AS vacuumed_at
        FROM pg_class c JOIN pg_stat_user_tables s ON s.relid = c.oid
        WHERE s.schemaname = current_schema()
        """,
    )


def indexes(cursor: Any, *, thorough: bool) -> list[Row]:
    return _rows(
        cursor,
        """
        SELECT s.indexrelname AS name, s.relname AS table, pg_relation_size(s.indexrelid) AS size, s.idx_scan AS scans,
               i.indisunique OR i.indisexclusion AS is_rule
        FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid
        WHERE s.schemaname = current_schema()
        """,
    )


def statements(cursor: Any, most: int) -> list[Row] | None:
    """By pg_stat_statements. None if it is not installed, not loaded, or not ours to read."""
    cursor.execute("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements')")
    if not cursor.fetchone()[0]:
        return None
    try:
        with transaction.atomic():
            return _rows(
                cursor,
                """
                SELECT left(regexp_replace(s.query, '\\s+', ' ', 'g'), 1000) AS sql, '' AS place, s.calls AS times,
                       s.mean_exec_time AS mean_ms, s.max_exec_time AS longest_ms
                FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
                WHERE d.datname = current_database() AND s.query <> '<insufficient privilege>'
                ORDER BY s.total_exec_time DESC LIMIT %s
                """,
                most,
            )
    except DatabaseError:
        return None
