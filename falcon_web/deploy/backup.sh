#!/bin/sh
# A base backup of PostgreSQL, verified, beside the write-ahead log that falcon-wal.service streams: see DEPLOY.md, "Backups".
# Wants: BACKUP_DIR, and PGHOST, PGUSER … of libpq for a role with REPLICATION. KEEP_DAYS (14): older backups go.
set -eu
: "${BACKUP_DIR:?}"
today="$BACKUP_DIR/base/$(date -u +%Y%m%dT%H%M%SZ)"
mkdir -p "$BACKUP_DIR/base" "$BACKUP_DIR/wal"
pg_basebackup --pgdata "$today.part" --wal-method=stream --checkpoint=fast --no-password
"${PG_VERIFYBACKUP:-pg_verifybackup}" --quiet "$today.part"
mv "$today.part" "$today"
# The log is needed from the start of the oldest backup that stays.
find "$BACKUP_DIR/base" -mindepth 1 -maxdepth 1 -type d -mtime +"${KEEP_DAYS:-14}" -exec rm -rf {} +
oldest="$(find "$BACKUP_DIR/base" -mindepth 1 -maxdepth 1 -type d ! -name '*.part' | sort | head -n 1)"
first="$(sed -n 's|^START WAL LOCATION: .* (file \([0-9A-F]*\))$|\1|p' "$oldest/backup_label")"
pg_archivecleanup "$BACKUP_DIR/wal" "$first"
echo "$today"
