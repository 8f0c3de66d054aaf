from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from bookings.demo.payment_simulator.account import Merchant
from bookings.demo.payment_simulator.sender import Pace
from bookings.demo.payment_simulator.server import Simulator

# The account of the simulator; its passphrase lets the API be signed too
MERCHANT = Merchant("10000100", "46f0cd694581a", "jt7NOE43FZPn")


class Command(BaseCommand):
    help = "A Payfast in miniature on this machine; its page has a button for each way to go wrong."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8090)
        parser.add_argument("--step", type=float, default=3, help="seconds from one notification to the next")
        parser.add_argument(
            "--late", type=float, default=60, help="seconds until a notification that is late"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("The payment simulator takes no real money: not in production.")
        pace = Pace(options["step"], options["late"])
        server = Simulator(("127.0.0.1", options["port"]), MERCHANT, pace)
        self.stdout.write(f"Payment simulator: {server.url}   (Ctrl-C stops it). For the site:")
        for name, value in {
            "PAYMENT_GATEWAY": "payfast",
            "PAYFAST_URL": server.url,
            "PAYFAST_API_URL": server.url,
            "PAYFAST_MERCHANT_ID": MERCHANT.id,
            "PAYFAST_MERCHANT_KEY": MERCHANT.key,
            "PAYFAST_PASSPHRASE": MERCHANT.passphrase,
        }.items():
            self.stdout.write(f"  {name}={value}")
        self.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            self.stdout.write("")
