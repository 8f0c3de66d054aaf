"""What PostgreSQL tells of itself, from its catalogues and statistics.

Sizes, statements and transactions are those of our own schema and role.
"""

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
               (SELECT sum(pg_total_relation_size(c.oid))::bigint
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = current_schema() AND c.relkind = 'r') AS size,
               stats_reset AS counted_since,
               (100.0 * blks_hit / nullif(blks_hit + blks_read, 0))::float AS hit_percent,
               numbackends AS connections,
               current_setting('max_connections')::int AS most_connections,
               (SELECT max(clock_timestamp() - xact_start) FROM pg_stat_activity
                WHERE datname = current_database() AND usename = current_user
                AND pid <> pg_backend_pid()) AS oldest_transaction
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
        SELECT s.indexrelname AS name, s.relname AS table, pg_relation_size(s.indexrelid) AS size,
               s.idx_scan AS scans,
               i.indisunique OR i.indisexclusion AS is_rule
        FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid
        WHERE s.schemaname = current_schema()
        """,
    )


def statements(cursor: Any, most: int) -> list[Row] | None:
    """By pg_stat_statements. None if it is not installed, not loaded, or not ours to read."""
    cursor.execute(
        "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace "
        "WHERE extname = 'pg_stat_statements'"
    )
    schema = cursor.fetchone()
    if not schema:
        return None
    # The search_path need not name its schema
    view = f"{cursor.db.ops.quote_name(schema[0])}.pg_stat_statements"
    try:
        with transaction.atomic():
            return _rows(
                cursor,
                f"""
                SELECT left(regexp_replace(s.query, '\\s+', ' ', 'g'), 1000) AS sql, '' AS place,
                       s.calls AS times,
                       s.mean_exec_time AS mean_ms, s.max_exec_time AS longest_ms
                FROM {view} s JOIN pg_database d ON d.oid = s.dbid
                JOIN pg_roles r ON r.oid = s.userid AND r.rolname = current_user
                WHERE d.datname = current_database() AND s.query <> '<insufficient privilege>'
                ORDER BY s.total_exec_time DESC LIMIT %s
                """,
                most,
            )
    except DatabaseError:
        return None
