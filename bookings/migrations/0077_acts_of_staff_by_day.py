from django.db import migrations, models

from bookings.database.operations import AddIndexBesideSales


class Migration(migrations.Migration):
    """What members of staff did on a day, and who did not come, without the rest."""

    atomic = False

    dependencies = [("bookings", "0076_office_events")]

    operations = [
        AddIndexBesideSales(
            "BookingEvent",
            models.Index(
                fields=["at", "id"], name="booking_event_staff_idx", condition=models.Q(actor__isnull=False)
            ),
        ),
        AddIndexBesideSales(
            "ScheduleEvent",
            models.Index(
                fields=["at", "id"], name="schedule_event_staff_idx", condition=models.Q(actor__isnull=False)
            ),
        ),
        AddIndexBesideSales("ScheduleChange", models.Index(fields=["at"], name="schedule_change_at_idx")),
        AddIndexBesideSales("AuditEntry", models.Index(fields=["at"], name="audit_at_idx")),
        AddIndexBesideSales("StaffEvent", models.Index(fields=["at"], name="staff_event_at_idx")),
        AddIndexBesideSales("TillMovement", models.Index(fields=["at"], name="till_movement_at_idx")),
        AddIndexBesideSales("VoucherMovement", models.Index(fields=["at"], name="voucher_movement_at_idx")),
        AddIndexBesideSales(
            "Ticket",
            models.Index(
                fields=["schedule"], name="ticket_no_show_idx", condition=models.Q(status="no_show")
            ),
        ),
    ]
