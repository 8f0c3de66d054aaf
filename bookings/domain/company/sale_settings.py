"""Settings of how seats are held, sold and boarded."""

from django.utils.translation import gettext_lazy

from bookings.domain.company.declarations import (
    BOARDING,
    COACH,
    HOLDING,
    HOURS,
    MINUTES,
    PAYING_LATER,
    SEATS,
    Setting,
)


class SaleSettings:
    """In the order of the page."""

    hold_minutes = Setting(
        float,
        HOLDING,
        gettext_lazy("Hold on the website"),
        MINUTES,
        least="1",
        most="120",
        help_text=gettext_lazy("How long seats are kept while a visitor fills in the checkout."),
    )
    hold_minutes_counter = Setting(
        float,
        HOLDING,
        gettext_lazy("Hold at the counter"),
        MINUTES,
        least="1",
        most="60",
        help_text=gettext_lazy("How long a clerk keeps seats while selling."),
    )
    hold_minutes_api = Setting(
        float,
        HOLDING,
        gettext_lazy("Hold of a partner"),
        MINUTES,
        least="1",
        most="240",
        help_text=gettext_lazy("How long a partner's program keeps seats."),
    )
    payment_minutes = Setting(
        float,
        HOLDING,
        gettext_lazy("Time to pay"),
        MINUTES,
        least="5",
        most="240",
        help_text=gettext_lazy("How long an order on the website waits for its payment."),
    )
    pending_minutes = Setting(
        float,
        HOLDING,
        gettext_lazy("While a bank decides"),
        MINUTES,
        least="5",
        most="1440",
        help_text=gettext_lazy("How long seats are kept while a payment is pending."),
    )
    hold_network_share = Setting(
        float,
        HOLDING,
        gettext_lazy("Unpaid seats of one network"),
        COACH,
        least="0",
        most="1",
        help_text=gettext_lazy("The most that visitors of one network hold together; 0 means no limit."),
    )
    pay_later_hours = Setting(
        float,
        PAYING_LATER,
        gettext_lazy("Time to pay later"),
        HOURS,
        least="1",
        most="720",
        help_text=gettext_lazy("How long an order that is paid later is kept."),
    )
    pay_later_cutoff_hours = Setting(
        float,
        PAYING_LATER,
        gettext_lazy("Paid before departure"),
        HOURS,
        least="0",
        most="168",
        help_text=gettext_lazy("By when before departure it is paid at the latest."),
    )
    pay_later_proof_minutes = Setting(
        float,
        PAYING_LATER,
        gettext_lazy("Answer from the mailbox"),
        MINUTES,
        least="5",
        most="1440",
        help_text=gettext_lazy("Within how long the button in the e-mail is pressed."),
    )
    pay_later_coach_share = Setting(
        float,
        PAYING_LATER,
        gettext_lazy("Seats that are paid later"),
        COACH,
        least="0",
        most="1",
        help_text=gettext_lazy("The most of a coach that all of these orders keep together."),
    )
    pay_later_most_seats = Setting(
        int,
        PAYING_LATER,
        gettext_lazy("Seats of one customer"),
        SEATS,
        least="1",
        most="60",
        help_text=gettext_lazy("The most that one address, telephone or network keeps unpaid."),
    )
    reservation_hours = Setting(
        float,
        PAYING_LATER,
        gettext_lazy("Reservation by staff"),
        HOURS,
        least="1",
        most="720",
        help_text=gettext_lazy("How long seats are kept that staff reserve."),
    )
    reservation_cutoff_hours = Setting(
        float, PAYING_LATER, gettext_lazy("Reservation ends before departure"), HOURS, least="0", most="168"
    )
    reservation_coach_share = Setting(
        float,
        PAYING_LATER,
        gettext_lazy("Seats that staff reserve"),
        COACH,
        least="0",
        most="1",
        help_text=gettext_lazy("The most of a coach."),
    )
    sales_close_minutes = Setting(
        float,
        BOARDING,
        gettext_lazy("Sale closes before departure"),
        MINUTES,
        least="0",
        most="2880",
        help_text=gettext_lazy("On the website and for partners, at each stop."),
    )
    counter_sells_late_minutes = Setting(
        float,
        BOARDING,
        gettext_lazy("Counter sells after the time"),
        MINUTES,
        least="0",
        most="720",
        help_text=gettext_lazy(
            "How long a late coach is sold at the counter, until it is known to have left."
        ),
    )
    boarding_opens_minutes = Setting(
        float,
        BOARDING,
        gettext_lazy("Boarding opens before departure"),
        MINUTES,
        least="0",
        most="1440",
        help_text=gettext_lazy("At each stop."),
    )
    boarding_closes_minutes = Setting(
        float,
        BOARDING,
        gettext_lazy("Boarding closes before departure"),
        MINUTES,
        least="0",
        most="240",
        help_text=gettext_lazy("At each stop; passengers are asked to be there by then."),
    )
    wheelchair_release_hours = Setting(
        float,
        BOARDING,
        gettext_lazy("Wheelchair places for everybody"),
        HOURS,
        least="0",
        most="720",
        help_text=gettext_lazy("How long before boarding they are sold to everybody."),
    )
    extra_luggage_pieces = Setting(
        int,
        BOARDING,
        gettext_lazy("Extra luggage on a coach"),
        gettext_lazy("pieces"),
        least="0",
        most="200",
        help_text=gettext_lazy("On each leg, where its layout says nothing else."),
    )
