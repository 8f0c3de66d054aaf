from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.core.checks import Tags, register
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class BookingsConfig(AppConfig):
    name = "bookings"
    verbose_name = "Falcon Bus Lines"

    def ready(self) -> None:
        from bookings.base.querylog import watch_connection
        from bookings.domain.sales.gateways import adapters_load
        from bookings.models.catalogue import watch_catalogue
        from bookings.models.drift import made_by_these_migrations
        from bookings.models.guards import guard_ledger
        from bookings.models.patience import wait_in_time
        from bookings.office import sessions  # noqa: F401  it listens to who signs in

        register(adapters_load)
        register(made_by_these_migrations, Tags.database)
        post_migrate.connect(guard_ledger, sender=self)
        connection_created.connect(wait_in_time)
        connection_created.connect(watch_connection)
        post_migrate.connect(watch_catalogue, sender=self)


class OfficeAdminConfig(AdminConfig):
    default_site = "bookings.admin_site.OfficeAdminSite"
    """Django's admin, with its own kind of key: another would ask for a migration inside the package."""
