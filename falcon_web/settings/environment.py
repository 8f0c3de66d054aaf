"""What every other file of the settings reads: the environment, and where this checkout keeps its files."""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]

env = environ.Env()
env.read_env(BASE_DIR / ".env")
# Git-ignored: demo database, queue, key, mails, PDF tickets, collected static files
LOCAL_DIR = Path(env.str("LOCAL_DIR", "") or BASE_DIR / ".local")

ENVIRONMENT = env.str("ENVIRONMENT", "demo")
if ENVIRONMENT not in {"demo", "development", "production"}:
    raise ImproperlyConfigured("ENVIRONMENT must be demo, development or production.")
IS_DEMO = ENVIRONMENT == "demo"
IS_PRODUCTION = ENVIRONMENT == "production"
