"""Copy the SQLite database of a running site into a file, whole and checked.

backup_sqlite.py SOURCE TARGET
"""

import os
import sqlite3
import sys
from contextlib import closing

source, target = sys.argv[1:]
with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=20)) as live:
    live.execute("VACUUM INTO ?", [f"{target}.part"])
with closing(sqlite3.connect(f"{target}.part")) as copy:
    verdict = copy.execute("PRAGMA integrity_check").fetchone()[0]
if verdict != "ok":
    sys.exit(f"The copy is damaged: {verdict}")
os.replace(f"{target}.part", target)
