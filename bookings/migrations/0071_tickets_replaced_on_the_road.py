from django.db import migrations, models
from django.db.models import F, Q

from bookings.database.operations import AddCheckBesideSales


def _steps(*pairs: tuple[str, str]) -> Q:
    allowed = Q()
    for before, after in pairs:
        allowed |= Q(from_status=before, to_status=after)
    return allowed


OF_BOOKINGS = _steps(
    ("", "pending"),
    ("", "confirmed"),
    ("pending", "confirmed"),
    ("pending", "expired"),
    ("pending", "cancelled"),
    ("expired", "confirmed"),
    ("confirmed", "cancelled"),
)
OF_TICKETS = _steps(
    ("", "valid"),
    ("valid", "boarded"),
    ("valid", "no_show"),
    ("valid", "cancelled"),
    ("valid", "replaced"),
    ("boarded", "valid"),
    ("no_show", "boarded"),
    ("no_show", "valid"),
    ("no_show", "replaced"),
    ("boarded", "replaced"),
)


class Migration(migrations.Migration):
    """Who was on board of a coach that broke down, or was left behind by one, gets a new ticket: the wider
    check of steps holds before the narrower one goes.
    """

    atomic = False

    dependencies = [("bookings", "0070_kinds_of_case")]

    operations = [
        AddCheckBesideSales(
            "bookingevent",
            models.CheckConstraint(
                condition=(Q(ticket__isnull=True) & OF_BOOKINGS)
                | (Q(ticket__isnull=False) & OF_TICKETS)
                | (Q(from_status=F("to_status")) & ~Q(reason="")),
                name="booking_event_step_known",
            ),
        ),
        migrations.RemoveConstraint("bookingevent", "booking_event_step_possible"),
    ]
