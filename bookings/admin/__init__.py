"""Django's admin: reference data may be written by managers; everything else is there to read."""

from django.contrib import admin
from django.contrib.auth import admin as auth_admin  # noqa: F401  registers Group, which we have no use for
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from bookings.admin import plain, records  # noqa: F401  they register themselves

admin.site.unregister(Group)
admin.site.site_header = "Falcon Bus Lines"
admin.site.site_title = "Falcon Bus Lines"
admin.site.index_title = _("Reference data and records")
