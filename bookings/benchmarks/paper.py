"""What making the PDF of a ticket costs.

Python -m bookings.benchmarks.paper TICKETS   (ms of CPU, as JSON)
"""

import json
import sys
import tempfile
import time

import django
from django.conf import settings


def main() -> None:
    django.setup()
    print(json.dumps(pdf_ms(int(sys.argv[1]))))  # noqa: T201


def pdf_ms(number: int) -> float:
    from bookings.base.memory import freeze_loaded
    from bookings.cache.reference_data import single_version_check
    from bookings.domain.sales.booking_page import bookings_of
    from bookings.domain.tickets.pdf import tickets_pdf
    from bookings.models import Order

    orders = list(Order.objects.filter(status="confirmed").order_by("-pk")[: number + 1])
    loaded = [bookings_of(order) for order in orders]
    # As the queue makes it for a mail, which looks once at the version of the reference data
    with tempfile.TemporaryDirectory() as folder, single_version_check():
        settings.MEDIA_ROOT = folder
        tickets_pdf(loaded[0])  # loads the fonts
        freeze_loaded()
        started = time.process_time()
        for bookings in loaded[1:]:
            tickets_pdf(bookings)
        return (time.process_time() - started) * 1000 / (len(loaded) - 1)


if __name__ == "__main__":
    main()
