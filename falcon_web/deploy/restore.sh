#!/bin/sh
# Make a data directory for a new PostgreSQL from a base backup and the log, up to a moment: restore.sh BACKUP TARGET ["2026-12-01 10:30:00+02"]
# Wants: BACKUP_DIR. Then start PostgreSQL on TARGET, and run `manage.py check_invariants` before anybody is let in.
set -eu
: "${BACKUP_DIR:?}"
backup="$1" target="$2" moment="${3:-}"
[ ! -e "$target" ] || { echo "$target exists" >&2; exit 1; }
cp -a "$backup" "$target"
chmod 700 "$target"
{
    # The file that was being received ends in .partial; what it lacks is filled up with zeros, which end the recovery.
    echo "restore_command = 'cp \"$BACKUP_DIR/wal/%f\" \"%p\" 2>/dev/null || cp \"$BACKUP_DIR/wal/%f.partial\" \"%p\"'"
    [ -z "$moment" ] || echo "recovery_target_time = '$moment'"
    echo "recovery_target_action = 'promote'"
} >> "$target/postgresql.auto.conf"
touch "$target/recovery.signal"
