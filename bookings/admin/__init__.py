"""Django's admin: reference data may be written by managers; everything else is there to read."""

from django.contrib import admin
from django.contrib.auth import admin as auth_admin  # noqa: F401  registers Group, which we have no use for
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_static import admin as otp_static_admin  # noqa: F401  registers its devices, whose keys are nobody's business
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp import admin as otp_totp_admin  # noqa: F401
from django_otp.plugins.otp_totp.models import TOTPDevice

from bookings.admin import records, reference_data, vouchers, write_offs  # noqa: F401  they register themselves

admin.site.unregister([Group, StaticDevice, TOTPDevice])
admin.site.index_title = _("Reference data and records")
