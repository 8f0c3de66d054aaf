from django.contrib import admin

from bookings.admin.policy import RecordAdmin
from bookings.models import WriteOff


@admin.register(WriteOff)
class WriteOffAdmin(RecordAdmin):
    list_display = ["pk", "gateway", "day", "subject", "amount", "reason", "at"]
    list_filter = ["gateway"]
    ordering = ["-pk"]
    exclude = ["reverses"]
    search_fields = ["pk__exact"]
