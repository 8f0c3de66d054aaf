from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bookings.demo.payment_simulator.account import Merchant
from bookings.demo.payment_simulator.sender import Pace
from bookings.demo.payment_simulator.server import Simulator
from bookings.demo.payment_simulator.yoco import YocoKeys

MERCHANT = Merchant(*settings.SIMULATED_PAYFAST)
KEYS = YocoKeys(*settings.SIMULATED_YOCO)


class Command(BaseCommand):
    help = "Payfast and Yoco in miniature on this machine; their page has a button for each way to go wrong."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        port = urlsplit(settings.PAYMENT_SIMULATOR).port or 8090
        parser.add_argument("--port", type=int, default=port)
        parser.add_argument("--step", type=float, default=3, help="seconds from one notification to the next")
        parser.add_argument(
            "--late", type=float, default=60, help="seconds until a notification that is late"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("The payment simulator takes no real money: not in production.")
        pace = Pace(options["step"], options["late"])
        server = Simulator(("127.0.0.1", options["port"]), MERCHANT, KEYS, pace)
        self.stdout.write(f"Payment simulator: {server.url}   (for the site: PAYMENT_SIMULATOR={server.url})")
        self.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            self.stdout.write("")
