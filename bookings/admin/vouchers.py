from django.contrib import admin

from bookings.admin.policy import RecordAdmin, RecordInline
from bookings.models import Voucher, VoucherMovement, VoucherSale


class VoucherMovementInline(RecordInline):
    model = VoucherMovement
    fields = ["at", "kind", "amount", "valid_until", "payment_id", "refund_id", "reason"]
    readonly_fields = ["payment_id", "refund_id"]


@admin.register(Voucher)
class VoucherAdmin(RecordAdmin):
    list_display = ["pk", "code_end", "kind", "value", "balance", "valid_until", "issued_at", "stopped_at"]
    list_filter = ["kind"]
    ordering = ["-pk"]
    exclude = ["code_digest", "sealed_code", "order", "replaces"]  # its code is its money
    search_fields = ["pk__exact"]
    inlines = [VoucherMovementInline]


@admin.register(VoucherSale)
class VoucherSaleAdmin(RecordAdmin):
    list_display = ["pk", "order_id", "value"]
    ordering = ["-pk"]
    exclude = ["order", "recipient", "message"]
    search_fields = ["order__pk__exact"]
