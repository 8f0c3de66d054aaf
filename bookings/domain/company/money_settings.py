"""Settings of money, vouchers and warnings."""

from decimal import Decimal

from django.utils.translation import gettext_lazy

from bookings.domain.company.declarations import (
    DAYS,
    HOURS,
    MINUTES,
    MONEY,
    RAND,
    VOUCHERS,
    WARNINGS,
    Setting,
)


class MoneySettings:
    """In the order of the page."""

    cash_refund_approval_over = Setting(
        Decimal,
        MONEY,
        gettext_lazy("Cash back without a second person"),
        RAND,
        least="0",
        most="1000000",
        help_text=gettext_lazy("Of one sale."),
    )
    cash_refunds_of_day_approval_over = Setting(
        Decimal,
        MONEY,
        gettext_lazy("Cash back of a day without a second person"),
        RAND,
        least="0",
        most="1000000",
        help_text=gettext_lazy("Cash back and voids of one clerk."),
    )
    void_approval_over = Setting(
        Decimal, MONEY, gettext_lazy("Void without a second person"), RAND, least="0", most="1000000"
    )
    pay_out_approval_over = Setting(
        Decimal,
        MONEY,
        gettext_lazy("Pay-outs of a day without a second person"),
        RAND,
        least="0",
        most="1000000",
        help_text=gettext_lazy("Out of one till."),
    )
    partner_payment_approval_over = Setting(
        Decimal,
        MONEY,
        gettext_lazy("Transfer of a partner without a second person"),
        RAND,
        least="0",
        most="100000000",
    )
    disruption_approval_over = Setting(
        Decimal,
        MONEY,
        gettext_lazy("Refunds of a disruption without a second person"),
        RAND,
        least="0",
        most="10000000",
    )
    disruption_approval_people_over = Setting(
        int,
        MONEY,
        gettext_lazy("People moved without a second person"),
        gettext_lazy("people"),
        least="0",
        most="1000",
        help_text=gettext_lazy("By one disruption."),
    )
    goodwill_approval_over = Setting(
        Decimal,
        MONEY,
        gettext_lazy("Goodwill of a day without a second person"),
        RAND,
        least="0",
        most="1000000",
        help_text=gettext_lazy("Vouchers that one clerk gives."),
    )
    goodwill_most = Setting(
        Decimal, MONEY, gettext_lazy("Most of one goodwill voucher"), RAND, least="1", most="1000000"
    )
    shift_difference_limit = Setting(
        Decimal,
        MONEY,
        gettext_lazy("Difference of a till without a second person"),
        RAND,
        least="0",
        most="100000",
        help_text=gettext_lazy("Of each way of paying."),
    )
    cash_rounding = Setting(
        Decimal,
        MONEY,
        gettext_lazy("Smallest coin"),
        RAND,
        least="0",
        most="10",
        help_text=gettext_lazy("Cash is rounded to it; 0 means to the cent."),
    )
    fare_floor_zar = Setting(
        int,
        MONEY,
        gettext_lazy("Lowest fare"),
        RAND,
        least="0",
        most="10000",
        help_text=gettext_lazy("No reduction and no fare by distance goes below it."),
    )
    vat_rate = Setting(
        Decimal,
        MONEY,
        gettext_lazy("VAT"),
        gettext_lazy("percent"),
        least="0",
        most="100",
        help_text=gettext_lazy("In the price of what is standard-rated."),
    )
    tax_invoice_over = Setting(
        Decimal,
        MONEY,
        gettext_lazy("Tax invoice over"),
        RAND,
        least="0",
        most="1000000",
        help_text=gettext_lazy("A smaller total has none."),
    )
    full_tax_invoice_over = Setting(
        Decimal, MONEY, gettext_lazy("Tax invoice names its recipient over"), RAND, least="0", most="1000000"
    )
    voucher_years = Setting(
        int,
        VOUCHERS,
        gettext_lazy("Life of a paid voucher"),
        gettext_lazy("years"),
        least="3",
        most="30",
        help_text=gettext_lazy("By law three at least."),
    )
    goodwill_months = Setting(
        int,
        VOUCHERS,
        gettext_lazy("Life of a goodwill voucher"),
        gettext_lazy("months"),
        least="1",
        most="120",
        help_text=gettext_lazy("Where nothing else is entered."),
    )
    voucher_restored_days = Setting(
        int,
        VOUCHERS,
        gettext_lazy("Left after a refund to a voucher"),
        DAYS,
        least="1",
        most="1095",
        help_text=gettext_lazy("A voucher lives at least so long again."),
    )
    refund_days = Setting(
        int,
        VOUCHERS,
        gettext_lazy("Refund arrives within"),
        DAYS,
        least="1",
        most="60",
        help_text=gettext_lazy("What customers are promised."),
    )
    bank_details_days = Setting(
        float,
        VOUCHERS,
        gettext_lazy("Waiting for bank details"),
        DAYS,
        least="1",
        most="90",
        help_text=gettext_lazy("After that a task says to call the customer."),
    )
    bank_details_cooling_hours = Setting(
        float,
        VOUCHERS,
        gettext_lazy("Bank details after a changed contact"),
        HOURS,
        least="0",
        most="720",
        help_text=gettext_lazy("How long they wait before money goes there."),
    )
    cancellations_a_day = Setting(
        int,
        WARNINGS,
        gettext_lazy("Cancellations of one clerk a day"),
        gettext_lazy("bookings"),
        least="1",
        most="1000",
        help_text=gettext_lazy("One more makes a task."),
    )
    statement_file_days = Setting(
        int,
        WARNINGS,
        gettext_lazy("Settlement that nobody uploaded"),
        DAYS,
        least="1",
        most="60",
        help_text=gettext_lazy("After that it is a task."),
    )
    alert_full_percent = Setting(
        int,
        WARNINGS,
        gettext_lazy("Nearly full"),
        gettext_lazy("percent"),
        least="1",
        most="100",
        help_text=gettext_lazy("The fullest leg, on the dashboard."),
    )
    alert_low_percent = Setting(
        int,
        WARNINGS,
        gettext_lazy("Nearly empty"),
        gettext_lazy("percent"),
        least="0",
        most="99",
        help_text=gettext_lazy("The fullest leg, on the dashboard."),
    )
    alert_late_minutes = Setting(
        int,
        WARNINGS,
        gettext_lazy("Late and not sent off"),
        MINUTES,
        least="1",
        most="240",
        help_text=gettext_lazy("On the dashboard."),
    )
