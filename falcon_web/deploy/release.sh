#!/bin/sh
# Take a version live that lies unpacked in a folder of its own: release.sh /srv/falcon/releases/2026-12-01. Run by root, on each server.
# FIRST=1 on the first server only: its database step is for all of them. PORTS: of the web processes ("8001 8002").
set -eu
new="$1"
cd "$new"
[ -x .venv/bin/python ] || { python3 -m venv .venv && .venv/bin/pip install --quiet -r requirements.txt; }
as_falcon() {
    systemd-run --quiet --pipe --wait --collect --uid=falcon --working-directory="$new" \
        --property=EnvironmentFile=/etc/falcon/falcon.env "$new/.venv/bin/python" manage.py "$@"
}
as_falcon check --deploy --fail-level WARNING
as_falcon collectstatic --noinput --verbosity 0
page="from django.template.loader import render_to_string; print(render_to_string('errors/503.html'))"
as_falcon shell --no-imports --command "$page" > /var/lib/falcon/static/503.html # what nginx shows while no web process answers
# What it adds the version that still serves does not know, and does not miss: DEPLOY.md, "Releases".
[ -z "${FIRST:-}" ] || as_falcon migrate --verbosity 1
ln -sfn "$new" /srv/falcon/current.new
mv -T /srv/falcon/current.new /srv/falcon/current
for port in ${PORTS:-8001 8002}; do
    systemctl restart "falcon-web@$port" # comes back when the new one answers; the balancer asks the others meanwhile
done
systemctl restart falcon-queue
