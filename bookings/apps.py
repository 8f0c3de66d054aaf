from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.checks import Tags, register
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = _("Reservations")

    def ready(self) -> None:
        from anymail.signals import tracking

        from bookings import tasks  # noqa: F401  so that the queue knows each task by its name
        from bookings.database.postgresql.prepared import prepare_as_before, prepare_nothing
        from bookings.database.query_log import watch_connection
        from bookings.database.reference_triggers import create_reference_triggers
        from bookings.database.schema_check import check_schema
        from bookings.database.timeouts import limit_waits_of_connection
        from bookings.database.timestamps import read_timestamps
        from bookings.database.triggers import create_triggers
        from bookings.domain.messaging.mail.events import note_mail_event
        from bookings.domain.messaging.texts.providers import providers_are_whole
        from bookings.domain.sales.gateways import adapters_load
        from bookings.office import sessions  # noqa: F401  it listens to who signs in

        tracking.connect(note_mail_event)
        register(adapters_load)
        register(providers_are_whole, deploy=True)
        register(check_schema, Tags.database)
        pre_migrate.connect(prepare_nothing, sender=self)
        post_migrate.connect(prepare_as_before, sender=self)
        post_migrate.connect(create_triggers, sender=self)
        connection_created.connect(limit_waits_of_connection)
        connection_created.connect(read_timestamps)
        connection_created.connect(watch_connection)
        post_migrate.connect(create_reference_triggers, sender=self)


class OfficeAdminConfig(AdminConfig):
    default_site = "bookings.admin_site.OfficeAdminSite"
    """Django's admin, with its own kind of key: another would ask for a migration inside the package."""
