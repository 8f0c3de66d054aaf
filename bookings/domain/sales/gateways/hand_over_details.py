"""What each gateway is given of an attempt: our addresses, and what the customer reads on its page."""

from django.conf import settings
from django.urls import reverse

from bookings.models import PaymentAttempt, voucher_reference


def our_address(name: str, argument: str) -> str:
    return settings.SITE_URL + reverse(name, args=[argument])


def item_name(attempt: PaymentAttempt) -> str:
    booking = attempt.order.bookings.order_by("pk").first()
    if booking is None:
        return f"Voucher {voucher_reference(attempt.order_id)}"
    return f"Booking {booking.booking_reference}"
