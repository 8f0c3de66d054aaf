"""Who runs the site: name, numbers, addresses and terms, as a manager entered them."""

from django.conf import settings

from bookings.cache.reference_data import cached
from bookings.models import Company


def get_company() -> Company:
    """The company; before it is entered, one without anything but the name of the settings.

    One query after each change of the reference data. The value is shared: nobody may change it.
    """
    return cached(("company",), _read)


def _read() -> Company:
    return Company.objects.first() or Company(trading_name=settings.COMPANY_NAME)
