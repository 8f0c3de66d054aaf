from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bookings.demo.message_simulator.server import ClickatellKeys, MessageSimulator, MetaKeys


class Command(BaseCommand):
    help = "WhatsApp and SMS in miniature on this machine; its page has a button for each way to go wrong."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        port = urlsplit(settings.MESSAGE_SIMULATOR).port or 8091
        parser.add_argument("--port", type=int, default=port)
        parser.add_argument("--site", default=settings.SITE_URL, help="where its callbacks go")

    def handle(self, *_args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("The message simulator reaches nobody: not in production.")
        meta, clickatell = MetaKeys(*settings.SIMULATED_META), ClickatellKeys(*settings.SIMULATED_CLICKATELL)
        server = MessageSimulator(("127.0.0.1", options["port"]), options["site"], meta, clickatell)
        self.stdout.write(f"Message simulator: {server.url}   (for the site: MESSAGE_SIMULATOR={server.url})")
        self.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            self.stdout.write("")
