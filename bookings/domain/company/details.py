"""Who runs the site: name, numbers, addresses and terms, as a manager entered them."""

import time
from contextlib import suppress

from django.conf import settings
from django.db import DatabaseError

from bookings.cache.reference_data import cached, is_version_read
from bookings.models import Company

_name = ("", 0.0)  # as it was read last, and until when it counts, by this process's clock


def get_company() -> Company:
    """The company; before it is entered, one without anything but the name of the settings.

    One query after each change of the reference data. The value is shared: nobody may change it.
    """
    return cached(("company",), _read)


def company_name() -> str:
    """The trading name as every page shows it, from the memory of this process.

    Read anew after COMPANY_NAME_SECONDS, by a page that has asked the database already: a page that asks it
    nothing, such as the one that says that the database is away, shows the name that was read last.
    """
    global _name
    name, until = _name
    if settings.COMPANY_NAME_SECONDS and time.monotonic() >= until and is_version_read():
        with suppress(DatabaseError):  # the page that is being shown says so
            name = get_company().trading_name
        _name = (name, time.monotonic() + settings.COMPANY_NAME_SECONDS)
    return name or settings.COMPANY_NAME


def _read() -> Company:
    return Company.objects.first() or Company(trading_name=settings.COMPANY_NAME)
