"""What every other file of the settings reads: the environment, and where this checkout keeps its files."""

import os
from collections import UserDict
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]


class _ValuesAsTheyStand(UserDict[str, str]):
    """For django-environ, which would take a secret that begins with $ for the name of a variable."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name).replace("$", r"\$")


environ.Env.read_env(BASE_DIR / ".env")
env = environ.Env()
env.ENVIRON = _ValuesAsTheyStand(os.environ)
env.escape_proxy = True  # turns each \$ back
SET_BY_ENVIRONMENT = frozenset(os.environ)  # names; what managers enter does not count beside these
# Git-ignored: demo database, queue, key, mails, PDF tickets, collected static files
LOCAL_DIR = Path(env.str("LOCAL_DIR", "") or BASE_DIR / ".local")

ENVIRONMENT = env.str("ENVIRONMENT", "demo")
if ENVIRONMENT not in {"demo", "development", "production"}:
    raise ImproperlyConfigured("ENVIRONMENT must be demo, development or production.")
IS_DEMO = ENVIRONMENT == "demo"
IS_PRODUCTION = ENVIRONMENT == "production"
