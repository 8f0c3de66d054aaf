from typing import Any

from django.core.management.base import BaseCommand

from bookings.domain.messaging.outbox import send_due
from bookings.domain.messaging.webhooks.delivery import send_webhooks


class Command(BaseCommand):
    help = (
        "Send the mails that are due, then the webhooks, as the queue does each minute. "
        "Run it from cron where there is no queue."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        report = send_due()
        self.stdout.write(
            f"{report.sent} sent, {report.postponed} to be tried again, {report.given_up} given up"
        )
        if report.server_away:
            self.stderr.write("The mail server does not answer; what is due waits for the next run.")
        report = send_webhooks()
        if report.sent or report.postponed or report.given_up:
            self.stdout.write(
                f"webhooks: {report.sent} sent, {report.postponed} to be tried again, "
                f"{report.given_up} given up"
            )
