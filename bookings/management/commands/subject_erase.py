from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from bookings.base.errors import Refusal
from bookings.domain.privacy.erasure import ErasureRequest, erase_orders, review_erasure
from bookings.domain.privacy.subjects import orders_of, read_subject
from bookings.models import Erasure


class Command(BaseCommand):
    help = "Shows, and with --confirm erases, the personal data of an e-mail address or telephone number."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("contact", help="an e-mail address or telephone number")
        parser.add_argument("--confirm", action="store_true", help="erase; without it nothing is changed")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            subject = read_subject(options["contact"])
        except Refusal as refusal:
            raise CommandError(refusal.message) from refusal
        orders = orders_of(subject)
        if options["confirm"]:
            reviews = erase_orders(orders, ErasureRequest(subject, Erasure.Cause.STAFF))
        else:
            reviews = review_erasure(orders, now=timezone.now())
        done = "erased" if options["confirm"] else "would be erased (--confirm does it)"
        for review in reviews:
            state = f"cannot be erased yet: {review.obstacle.value}" if review.obstacle else done
            self.stdout.write(f"{' '.join(review.references)}: {state}")
        if not reviews:
            self.stdout.write("Nothing is kept about it.")
