"""The settings of each environment, read by a process of their own."""

import os
import re
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from bookings.tests.forked import run_forked

ROOT = Path(__file__).resolve().parents[2]
SECRET = "k3-W8q.Zr5" * 6
FIELD_KEY = "Zm9yIHRlc3RzIG9mIHRoZSBzZXR0aW5ncyBhbG9uZS4="
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": SECRET,
    "FIELD_KEYS": FIELD_KEY,
    "VOUCHER_KEYS": FIELD_KEY,
    "SITE_URL": "https://falcon.example",
    "ALLOWED_HOSTS": "falcon.example",
    "PAYFAST_MERCHANT_ID": "10012345",
    "PAYFAST_MERCHANT_KEY": "q1cd2rdny4a53",
    "PAYFAST_PASSPHRASE": "jt7NOE43FZPn",
}

YOCO = {"YOCO_SECRET_KEY": "sk_live_5f3a", "YOCO_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


def manage(folder: Path, *arguments: str, **environment: str) -> CompletedProcess[str]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    usual = {"LOCAL_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "falcon_web.settings"}
    return run_forked(arguments, {**keep, **usual, **environment})


def values_of(folder: Path, *names: str, **environment: str) -> list[str]:
    """Settings as one process with this environment reads them."""
    lines = "; ".join(f"print(repr(settings.{name}))" for name in names)
    shown = manage(folder, "-c", f"from django.conf import settings; {lines}", **environment)
    assert not shown.returncode, shown.stderr
    return shown.stdout.splitlines()


def value_of(folder: Path, name: str, **environment: str) -> str:
    [value] = values_of(folder, name, **environment)
    return value


def test_a_secret_stands_for_itself_whatever_it_begins_with(tmp_path: Path) -> None:
    """`$` begins one in fifty keys that Django makes; it is no variable's name."""
    key = r"$HOME\$1$" + SECRET
    read = values_of(
        tmp_path,
        "SECRET_KEY",
        "SECRET_KEY_FALLBACKS",
        **PRODUCTION | {"SECRET_KEY": key, "SECRET_KEY_FALLBACKS": key},
    )
    assert read == [repr(key), repr([key])]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": "django-insecure-" + SECRET}, "SECRET_KEY must be set"),
        ({"SECRET_KEY_FALLBACKS": f"{SECRET},short"}, "SECRET_KEY_FALLBACKS are former keys"),
        ({"FIELD_KEYS": ""}, "FIELD_KEYS must be set"),
        ({"VOUCHER_KEYS": ""}, "VOUCHER_KEYS must be set"),
        ({"SECOND_FACTOR_FORCED": "false"}, "SECOND_FACTOR_FORCED must be on"),
        ({"FIELD_KEYS": f"{FIELD_KEY},{SECRET}"}, "FIELD_KEYS must be set, each to 32 random bytes"),
        ({"SITE_URL": ""}, "SITE_URL must be set"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must be set"),
        ({"DEBUG": "true"}, "DEBUG must be off"),
        ({"PAYMENT_GATEWAY": "demo"}, "must not be the demo gateway"),
        ({"PAYMENT_GATEWAY": ""}, "must name one of PAYMENT_GATEWAYS"),
        ({"PAYMENT_GATEWAY": "other"}, "must name one of PAYMENT_GATEWAYS"),
        (
            {"PAYMENT_GATEWAYS": "other=bookings.domain.sales.gateways.demo.DemoGateway"},
            "must not be the demo gateway",
        ),
        (
            {"PAYMENT_GATEWAYS": "other=bookings.tests.domain.sales.gateways.play.PlayGateway"},
            "other takes no real money",
        ),
        ({"PAYFAST_PASSPHRASE": ""}, "PAYFAST_PASSPHRASE must be set"),
        ({"PAYFAST_MERCHANT_ID": ""}, "PAYFAST_PASSPHRASE must be set"),
        ({"PAYFAST_PASSPHRASE": "a b"}, "PAYFAST_PASSPHRASE must be of letters"),
        ({"PAYFAST_MODE": "sandbox"}, "must speak with the live Payfast"),
        ({"PAYFAST_MODE": "test"}, "PAYFAST_MODE must be"),
        ({"PAYFAST_URL": "https://sandbox.payfast.co.za"}, "must speak with the live Payfast"),
        ({"PAYFAST_API_URL": "http://127.0.0.1:8090"}, "must speak with the live Payfast"),
        ({"PAYMENT_SIMULATOR": "http://127.0.0.1:8090"}, "PAYMENT_SIMULATOR must not be set"),
        ({"PAYMENT_GATEWAY": "payfast,yoco"}, "YOCO_SECRET_KEY and YOCO_WEBHOOK_SECRET must be set"),
        ({**YOCO, "YOCO_WEBHOOK_SECRET": ""}, "YOCO_SECRET_KEY and YOCO_WEBHOOK_SECRET must be set"),
        ({**YOCO, "YOCO_SECRET_KEY": "sk_test_5f3a"}, "YOCO_SECRET_KEY must be a live one"),
        ({**YOCO, "YOCO_SECRET_KEY": "pk_live_5f3a"}, "YOCO_SECRET_KEY must begin with"),
        ({**YOCO, "YOCO_WEBHOOK_SECRET": "whsec_no secret"}, "YOCO_WEBHOOK_SECRET must be whsec_"),
        ({**YOCO, "YOCO_URL": "http://127.0.0.1:8090"}, "must speak with the live Yoco"),
        ({**YOCO, "YOCO_URL": "https://payments.yoco.com.example"}, "must speak with the live Yoco"),
        (
            {"PAYMENT_GATEWAYS": "payfast=company.payfast.PayFast"},
            "PAYMENT_GATEWAYS: payfast cannot be loaded",
        ),
        ({"WEBHOOKS_TO_THIS_HOST": "true"}, "WEBHOOKS_TO_THIS_HOST must be off"),
        ({"ENVIRONMENT": "prod"}, "ENVIRONMENT must be"),
    ],
)
def test_production_refuses_to_start_unsafe(tmp_path: Path, wrong: dict[str, str], says: str) -> None:
    started = manage(tmp_path, "manage.py", "check", **{**PRODUCTION, **wrong})

    assert started.returncode
    assert says in started.stderr


def test_production_passes_the_check_of_a_deployment(tmp_path: Path) -> None:
    checked = manage(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING", **PRODUCTION)

    assert (checked.returncode, checked.stderr.strip()) == (0, "")


def test_production_has_no_demo_face(tmp_path: Path) -> None:
    shown = values_of(tmp_path, "OFFERED_GATEWAYS", "SESSION_COOKIE_NAME", **PRODUCTION)

    assert shown == ["['payfast']", "'__Host-session'"]
    assert not [*tmp_path.glob("secret_key"), *tmp_path.glob("field_key")]


def test_production_offers_one_gateway_or_two(tmp_path: Path) -> None:
    both = {**PRODUCTION, **YOCO, "PAYMENT_GATEWAY": "payfast,yoco"}
    card = {name: value for name, value in both.items() if "PAYFAST" not in name} | {
        "PAYMENT_GATEWAY": "yoco"
    }

    assert values_of(tmp_path, "OFFERED_GATEWAYS", "GATEWAY_ORIGINS", **both) == [
        "['payfast', 'yoco']",
        "['https://www.payfast.co.za', 'https://*.yoco.com']",
    ]
    assert values_of(tmp_path, "OFFERED_GATEWAYS", "PAYMENT_GATEWAYS.keys()", **card) == [
        "['yoco']",
        "dict_keys(['yoco'])",
    ]


def test_the_simulator_stands_in_for_gateways_without_an_account(tmp_path: Path) -> None:
    simulator = "http://127.0.0.1:8090"
    names = ("OFFERED_GATEWAYS", "PAYFAST_URL", "YOCO_URL")

    alone = values_of(tmp_path, *names, PAYMENT_SIMULATOR=simulator)
    beside = values_of(tmp_path, *names, PAYMENT_SIMULATOR=simulator, PAYFAST_MERCHANT_ID="10000100")

    assert alone == ["['demo', 'payfast', 'yoco']", f"'{simulator}'", f"'{simulator}'"]
    assert beside[1:] == ["'https://sandbox.payfast.co.za'", f"'{simulator}'"]


def test_the_demo_keeps_a_field_key_of_its_own(tmp_path: Path) -> None:
    first = value_of(tmp_path, "FIELD_KEYS")

    assert first == value_of(tmp_path, "FIELD_KEYS") == repr([(tmp_path / "field_key").read_text()])
    assert value_of(tmp_path / "other", "FIELD_KEYS") != first
    assert value_of(tmp_path, "FIELD_KEYS", FIELD_KEYS=FIELD_KEY) == repr([FIELD_KEY])


def test_nothing_set_is_the_demo_on_files_of_its_own(tmp_path: Path) -> None:
    names = ("DEBUG", "DATABASES['default']['NAME']", "HUEY['filename']", "SITE_URL")
    files = [repr(str(tmp_path / name)) for name in ("db.sqlite3", "queue.sqlite3")]

    assert values_of(tmp_path, *names, PORT="8123") == ["False", *files, "'http://127.0.0.1:8123'"]


def test_an_empty_value_is_no_value(tmp_path: Path) -> None:
    empty = ("DATABASE_URL", "REDIS_URL", "SITE_URL", "RATE_LIMIT_BOOKING", "HOLD_NETWORK_SHARE")
    names = ("DATABASES['default']['ENGINE']", "RATE_LIMITS['booking']", "HOLD_NETWORK_SHARE")

    engine, limit, share = values_of(tmp_path, *names, **dict.fromkeys(empty, ""))

    assert engine.endswith("sqlite3'")
    assert (limit, share) == ("''", "0.0")


@pytest.mark.parametrize(
    "address", ["redis://127.0.0.1:6379", "redis://:secret@127.0.0.1:6379/", "unix:///tmp/redis.sock"]
)
def test_two_variables_switch_the_real_servers_on(tmp_path: Path, address: str) -> None:
    real = {"DATABASE_URL": "postgresql://falcon:secret@127.0.0.1/falcon", "REDIS_URL": address}
    asked = (
        "import django; django.setup(); "
        "from huey.contrib.djhuey import HUEY; from django.conf import settings; "
        "print(settings.DATABASES['default']['ENGINE'], settings.CACHES['default']['BACKEND'], "
        "type(HUEY).__name__)"
    )

    shown = manage(tmp_path, "-c", asked, **real)

    assert shown.stdout.split() == [
        "bookings.database.postgresql",
        "bookings.cache.backends.BreakerRedisCache",
        "PriorityRedisExpireHuey",
    ], shown.stderr


def test_a_company_has_names_of_its_own_in_redis_and_on_the_queue(tmp_path: Path) -> None:
    """The role of its database unless COMPANY says otherwise, so that nobody can forget it."""
    redis = {"REDIS_URL": "redis://127.0.0.1:6379"}
    role = {"DATABASE_URL": "postgresql://north-1:secret@127.0.0.1/falcon"}
    asked = (
        "import django; django.setup(); from huey.contrib.djhuey import HUEY; "
        "from django.core.cache import cache;"
        "print(cache.make_key('a'), HUEY.storage.queue_key)"
    )

    named = [
        manage(tmp_path, "-c", asked, **redis, **more).stdout.split()
        for more in ({}, role, {**role, "COMPANY": "south"})
    ]

    assert named == [[f"{name}:1:a", f"huey.redis.{name}"] for name in ("falcon", "north-1", "south")]
    assert value_of(tmp_path, "HUEY['name']") == "'falcon'"
    assert "COMPANY must be letters" in manage(tmp_path, "manage.py", "check", COMPANY="north company").stderr


def test_development_has_the_toolbar_and_the_sql_log_and_nothing_else_has(tmp_path: Path) -> None:
    pytest.importorskip("debug_toolbar", reason="only in requirements-dev.txt")
    script = """
import django, gzip; django.setup()
from django.conf import settings; from django.db import connection; from django.test import Client
settings.ALLOWED_HOSTS += ["testserver"]
connection.cursor().execute("SELECT 'asked'")
page = b""
if settings.DEBUG:
    page = Client(REMOTE_ADDR="127.0.0.1").get("/bookings/", headers={"Accept-Encoding": "gzip"}).content

shows = b"djDebug" in (gzip.decompress(page) if page else b"")
print(settings.DEBUG, shows, "debug_toolbar" in settings.INSTALLED_APPS)
"""
    shown = manage(tmp_path, "-c", script, ENVIRONMENT="development")
    plain = manage(tmp_path, "-c", script, ENVIRONMENT="development", DEBUG_TOOLBAR="false", SQL_LOG="false")
    demo = manage(tmp_path, "-c", script, LOG_LEVEL="DEBUG")

    assert shown.stdout.split() == ["True", "True", "True"], shown.stderr[-2000:]
    assert re.search(r"DEBUG django\.db\.backends .*SELECT 'asked'", shown.stderr)
    assert plain.stdout.split() == ["True", "False", "False"], plain.stderr[-2000:]
    assert demo.stdout.split() == ["False", "False", "False"], demo.stderr[-2000:]
    assert "SELECT" not in plain.stderr + demo.stderr


def test_a_page_waits_for_a_statement_and_a_command_takes_its_time(tmp_path: Path) -> None:
    asked = (
        "import falcon_web.wsgi; from django.conf import settings; "
        "print(settings.STATEMENT_SECONDS, settings.DATABASES['default']['OPTIONS'])"
    )
    address = {"DATABASE_URL": "postgresql://falcon@127.0.0.1/falcon"}

    page = manage(tmp_path, "-c", asked, **address).stdout
    shorter = manage(tmp_path, "-c", asked, STATEMENT_SECONDS="5", **address).stdout

    assert page.startswith("15 ")
    assert all(
        words in page
        for words in ("statement_timeout=15s", "'connect_timeout': 3", "'tcp_user_timeout': 15000")
    )
    assert shorter.startswith("5 ")
    assert value_of(tmp_path, "STATEMENT_SECONDS", **address) == "0"


def test_statements_are_prepared_unless_a_pooler_cannot(tmp_path: Path) -> None:
    address = {
        "DATABASE_URL": "postgresql://falcon@127.0.0.1/falcon",
        "REPLICA_URL": "postgresql://falcon@127.0.0.2/falcon",
    }
    names = [
        f"DATABASES['{database}']['OPTIONS'].get('{option}')"
        for database in ("default", "replica")
        for option in ("prepare_threshold", "server_side_binding")
    ]

    assert values_of(tmp_path, *names, **address) == ["5", "True"] * 2
    assert values_of(tmp_path, *names, DATABASE_PREPARED="", **address) == ["None", "None"] * 2


def test_a_former_secret_key_still_opens_what_it_signed(tmp_path: Path) -> None:
    former = SECRET[::-1]
    sign, read = (
        f"print(__import__('django.core.signing').core.signing.{verb})"
        for verb in ("dumps(7)", "loads({!r})")
    )
    signed = manage(tmp_path, "-c", sign, **PRODUCTION | {"SECRET_KEY": former}).stdout.strip()

    rotated = manage(tmp_path, "-c", read.format(signed), **PRODUCTION, SECRET_KEY_FALLBACKS=former)
    forgotten = manage(tmp_path, "-c", read.format(signed), **PRODUCTION)

    assert rotated.stdout.strip() == "7", rotated.stderr
    assert "BadSignature" in forgotten.stderr


def test_every_setting_is_in_the_example() -> None:
    files = (ROOT / "falcon_web" / "settings").glob("*.py")
    read = {
        name for path in files for name in re.findall(r'\benv(?:\.\w+)?\(\s*"([A-Z_]+)"', path.read_text())
    }
    listed = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))

    assert {"SECRET_KEY", "HOLD_MINUTES"} < read <= listed


def test_static_files_are_hashed_and_compressed(static_files: Path) -> None:
    names = {path.name for path in (static_files / "css").iterdir()}

    assert any(re.fullmatch(r"falcon\.[0-9a-f]{12}\.css\.br", name) for name in names)
    assert any(re.fullmatch(r"falcon\.[0-9a-f]{12}\.css\.gz", name) for name in names)
    assert (static_files / "staticfiles.json").exists()


def test_replica_wants_a_primary_that_can_have_one(tmp_path: Path) -> None:
    address = "postgresql://falcon@10.0.0.22/falcon"

    assert (
        "REPLICA_URL wants a PostgreSQL" in manage(tmp_path, "manage.py", "check", REPLICA_URL=address).stderr
    )
    with_primary = {"DATABASE_URL": "postgresql://falcon@127.0.0.1/falcon", "REPLICA_URL": address}
    assert value_of(tmp_path, "DATABASES['replica']['TEST']", **with_primary) == "{'MIRROR': 'default'}"


def test_no_database_is_waited_for_without_end(tmp_path: Path) -> None:
    address = "postgresql://falcon@10.0.0.22/falcon"
    given = {
        "DATABASE_URL": address,
        "REPLICA_URL": f"{address}?connect_timeout=2",
        "STATEMENT_SECONDS": "15",
    }
    limits = "-c statement_timeout=15s -c idle_in_transaction_session_timeout=15s"

    shown = value_of(tmp_path, "DATABASES", **given)

    assert (
        f"'options': '{limits} -c lock_timeout=3s', 'connect_timeout': 3, 'tcp_user_timeout': 15000" in shown
    )
    assert f"'connect_timeout': 2, 'options': '{limits}', 'tcp_user_timeout': 15000" in shown
