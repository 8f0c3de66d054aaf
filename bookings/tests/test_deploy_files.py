"""The files of falcon_web/deploy: what can be checked of them without a server of their own."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from django.core.management import get_commands

ROOT: Final = Path(__file__).resolve().parents[2]
DEPLOY: Final = ROOT / "falcon_web" / "deploy"
UNITS: Final = sorted((DEPLOY / "systemd").iterdir())
SETTINGS: Final = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M))


def test_units_call_commands_that_exist() -> None:
    called = {name for unit in UNITS for name in re.findall(r"manage\.py (\w+)", unit.read_text())}

    assert called
    assert called <= set(get_commands())


def test_environment_names_settings_that_exist() -> None:
    named = set(re.findall(r"^#?([A-Z_]+)=", (DEPLOY / "falcon.env").read_text(), re.M))

    assert {"SECRET_KEY", "DATABASE_URL", "REPLICA_URL"} <= named <= SETTINGS


def test_unit_starts_the_same_server_as_the_procfile() -> None:
    command = re.search(r"^web: granian (.*)$", (ROOT / "falcon_web" / "Procfile").read_text(), re.M)[1]
    unit = (DEPLOY / "systemd" / "falcon-web@.service").read_text()

    started = re.search(r"^ExecStart=\S+/granian (.*)$", unit, re.M)[1].replace(
        " --workers-kill-timeout 30", ""
    )

    assert started.replace("%i", "$PORT") == command


def test_timers_have_their_service() -> None:
    names = {unit.name for unit in UNITS}

    assert {
        name for name in names if name.endswith(".timer") and name.replace(".timer", ".service") not in names
    } == set()


def test_proxy_sets_what_client_address_believes() -> None:
    conf = (DEPLOY / "nginx.conf").read_text()

    assert (
        "proxy_set_header X-Forwarded-For $remote_addr;" in conf
    )  # not $proxy_add_x_forwarded_for, which keeps what a visitor sent
    assert "proxy_set_header X-Forwarded-Proto https;" in conf
    assert not re.search(r"log_format[^;]*\$(request\b|request_uri|args|http_referer)", conf)


@pytest.mark.skipif(not (ROOT / "bookings" / "base" / "metrics.py").exists(), reason="no metrics yet")
def test_alerts_ask_for_metrics_that_exist() -> None:
    asked = set(re.findall(r"falcon_\w+", (DEPLOY / "prometheus" / "alerts.yml").read_text()))
    bare = {re.sub(r"_(total|count|bucket|sum)$", "", name) for name in asked}
    code = "".join(
        path.read_text() for folder in ("base", "ops") for path in (ROOT / "bookings" / folder).glob("*.py")
    )

    assert {name for name in bare if f'"{name}"' not in code} == set()


def test_no_script_is_without_its_right_to_run() -> None:
    for script in DEPLOY.glob("*.sh"):
        assert script.stat().st_mode & 0o111, script.name
        subprocess.run(["sh", "-n", script], check=True)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze on this machine")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = re.sub(
            r"^(Exec\w+=)(/srv|/usr/bin/pg_)\S+", r"\1/bin/true", unit.read_text(), flags=re.M
        )  # not installed here
        (tmp_path / unit.name.replace("@.", "@8001.")).write_text(text)

    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *sorted(tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.skipif(
    not (shutil.which("nginx") and shutil.which("openssl")), reason="no nginx on this machine"
)
def test_nginx_understands_the_site(tmp_path: Path) -> None:
    key = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=falcon.example",
        "-days",
        "1",
    ]
    subprocess.run(
        [*key, "-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"],
        check=True,
        capture_output=True,
    )
    site = (DEPLOY / "nginx.conf").read_text().replace("/etc/letsencrypt/live/falcon.example", str(tmp_path))
    site = (
        site.replace("/var/log/nginx", str(tmp_path))
        .replace("listen 80 ", "listen 8080 ")
        .replace("listen 443 ", "listen 8443 ")
    )
    site = re.sub(r"listen \[::\]:\d+ [^;]*;", "", site)
    (tmp_path / "site.conf").write_text(site)
    folders = "".join(
        f"{kind}_temp_path {tmp_path}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = (
        f"pid {tmp_path}/pid; error_log {tmp_path}/error; events {{}} "
        f"http {{ {folders} include {tmp_path}/site.conf; }}"
    )
    (tmp_path / "nginx.conf").write_text(main)

    checked = subprocess.run(
        ["nginx", "-t", "-c", tmp_path / "nginx.conf", "-e", tmp_path / "error"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr


@pytest.mark.skipif(not shutil.which("promtool"), reason="no promtool on this machine")
def test_prometheus_understands_the_rules() -> None:
    checked = subprocess.run(
        ["promtool", "check", "config", "prometheus.yml"],
        cwd=DEPLOY / "prometheus",
        capture_output=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr
