"""A Python process with an environment of its own, forked from one that has imported the libraries of the
site: to import them anew takes several times as long as what such a process is asked.
"""

import multiprocessing
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[2]
# None of them reads the settings while it is imported, as each process reads its own.
_LIBRARIES: Final = (
    "csp.constants",
    "django.core.management.commands.check",
    "django.db.backends.sqlite3.base",
    "django.forms",
    "django.template",
    "django.utils.log",
    "django.views.debug",
    "drf_spectacular_sidecar",
    "environ",
    "huey",
    "jsonschema",
    "phonenumbers",
    "prometheus_client",
    "psycopg",
    "redis",
    "sqlparse",
    "tablib",
    "whitenoise.compress",
    "yaml",
)
_processes: Final = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__, *_LIBRARIES])


def run_forked(arguments: Sequence[str], environment: Mapping[str, str]) -> CompletedProcess[str]:
    """Run `python *arguments`: `-c` and code, or a file and what it is told."""
    with TemporaryDirectory() as folder:
        files = [Path(folder, name) for name in ("stdout", "stderr")]
        process = _processes.Process(target=_run, args=(list(arguments), dict(environment), files))
        process.start()
        process.join()
        stdout, stderr = (file.read_text() if file.exists() else "" for file in files)
    return CompletedProcess(list(arguments), process.exitcode or 0, stdout, stderr)


def _run(arguments: list[str], environment: dict[str, str], files: list[Path]) -> None:
    for descriptor, file in enumerate(files, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(_ROOT)
    os.environ.clear()
    os.environ.update(environment)
    if arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        exec(arguments[1], {"__name__": "__main__"})
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")
