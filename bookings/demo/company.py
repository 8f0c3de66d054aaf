from typing import Final

from django.utils.translation import gettext as _

from bookings.models import Company

# Telephones of an exchange that does not exist (000), numbers that no register gives, a domain that cannot.
_NUMBERS: Final = {
    "registration_number": "2000/000000/07",
    "vat_number": "4000000000",
    "phone": "010 000 0100",
    "whatsapp": "010 000 0101",
    "emergency_phone": "010 000 0102",
    "email": "help@falconbus.example",
    "website": "https://falconbus.example",
}


def make_company() -> None:
    """The demo's company, unless one has been entered: all of it is invented, and says so."""
    Company.objects.get_or_create(
        defaults={
            "trading_name": "Falcon Bus Lines",
            "legal_name": "Falcon Bus Lines (Pty) Ltd",
            **_NUMBERS,
            "address": "1 Example Street\nJohannesburg\n0000",
            "postal_address": "PO Box 0\nJohannesburg\n0000",
            "opening_hours": _("Monday to Friday 06:00–22:00\nSaturday and Sunday 07:00–20:00"),
            "information_officer": "Thandeka Example",
            "about": _(
                "Falcon runs coaches between the cities of South Africa and to its neighbours, by day and by "
                "night. Every passenger has a seat with a number."
            ),
            "terms_in_short": _(
                "Be at the stop by the time on your ticket.\n"
                "A ticket is for the passenger whose name is on it.\n"
                "Your booking page says what you get back if you cancel."
            ),
            "bank_details": "Demonstration Bank, Johannesburg\nAccount 000 000 0000, Falcon Bus Lines",
            "is_invented": True,
        }
    )
