from typing import Any, Final, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError as FieldError
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from bookings.api.fields import BY_RULE, EndShape, MomentSent, PlaceText, Shown, money, money_sent
from bookings.api.pagination import CursorQuery
from bookings.base.emails import read_email
from bookings.base.names import NAME_LENGTH
from bookings.base.phones import HOME
from bookings.base.text import clean_name, clean_text
from bookings.domain.fares.luggage import MOST_PIECES
from bookings.domain.sales.held_trips import hold_country
from bookings.domain.sales.holds import MOST_TRIPS
from bookings.domain.sales.promo_codes import CODE_LENGTH
from bookings.domain.sales.refund_state import RefundState
from bookings.domain.sales.vouchers import CODE_MOST
from bookings.models import SaleStatus, Settlement
from bookings.web.fields import PhoneField, check_name

_REFERENCE: Final = r"^[!-~]([ -~]{0,62}[!-~])?$"

# What a program sends


@extend_schema_serializer(component_name="RideRequest")
class SegmentRequest(serializers.Serializer):
    schedule_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    origin = PlaceText(help_text="The `ref` of an `origin` of the API, a city's slug or a stop's code")
    destination = PlaceText()
    seats = serializers.ListField(
        child=serializers.RegexField(r"^[!-~]{1,6}$"),
        required=False,
        default=list,
        max_length=settings.HOLD_MAX_SEATS,
        help_text="Seat labels; if left out, we choose seats together",
    )
    fare_class = serializers.SlugField(
        required=False, default="", max_length=30, help_text="Only if we choose the seats"
    )
    wheelchairs = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=settings.HOLD_MAX_SEATS,
        help_text="How many passengers use a wheelchair: each gets a place for it on each trip",
    )


class QuoteRequest(serializers.Serializer):
    rides = serializers.ListField(
        child=SegmentRequest(),
        min_length=1,
        max_length=MOST_TRIPS,
        help_text="The outward trip, and the return trip if there is one",
    )
    passengers = serializers.ListField(
        child=serializers.SlugField(max_length=30),
        min_length=1,
        max_length=settings.HOLD_MAX_SEATS,
        help_text="Their types",
    )
    promo_code = serializers.RegexField(
        r"^[A-Za-z0-9 -]*$",
        required=False,
        default="",
        allow_blank=True,
        max_length=CODE_LENGTH,
        help_text="A promo code for orders through the API. One that takes nothing off is refused (422); the "
        "hold and its order keep it. If it is used up or stopped meanwhile, the order is refused (422): "
        "release the hold and ask for a quote without it",
    )


@extend_schema_serializer(component_name="HoldRequest")
class QuotedHold(serializers.Serializer):
    quote = serializers.RegexField(r"^[!-~]+$", max_length=4000)


class NameText(serializers.CharField):
    """Either part of a name; one of the two may be left out or empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=NAME_LENGTH,
            required=False,
            default="",
            allow_blank=True,
            trim_whitespace=False,
            **options,
        )

    def to_internal_value(self, data: Any) -> str:
        name = clean_name(super().to_internal_value(data))
        try:
            if name:
                check_name(name)
        except FieldError as wrong:
            raise serializers.ValidationError(wrong.messages, code=BY_RULE) from wrong
        return name


class HelpText(serializers.CharField):
    """What somebody needs on the way, on one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=200, required=False, default="", allow_blank=True, **options)

    def to_internal_value(self, data: Any) -> str:
        return clean_text(super().to_internal_value(data)).encode(errors="replace").decode()


class AddressText(serializers.EmailField):
    """Without what was pasted along with it."""

    def to_internal_value(self, data: Any) -> str:
        return read_email(super().to_internal_value(data))


@extend_schema_field(OpenApiTypes.STR)
class PhoneText(serializers.CharField):
    """Cleaned by the very field of the checkout's form."""

    country = HOME

    def to_internal_value(self, data: Any) -> str:
        try:
            field = PhoneField(countries=[self.country], required=False)
            return field.clean(super().to_internal_value(data))
        except forms.ValidationError as wrong:
            raise serializers.ValidationError(wrong.messages, code=BY_RULE) from wrong


class PassengerRequest(serializers.Serializer):
    first_name = NameText(help_text="May be empty for somebody with one name")
    surname = NameText(help_text="May be empty for somebody with one name")
    passenger_type = serializers.SlugField(max_length=30)
    uses_wheelchair = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Takes the quoted wheelchair place; if left out, another of the type does",
    )
    help_request = HelpText(help_text="Help needed on the trip, for the crew; personal data")
    extra_luggage = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=MOST_PIECES,
        help_text="Extra pieces of luggage on each ride, as many as `luggage_prices_zar` has prices",
    )
    contact_phone = PhoneText(
        required=False,
        default="",
        allow_blank=True,
        max_length=40,
        help_text="The passenger's own number, for news of this trip by WhatsApp or SMS: only if they agreed",
    )
    contact_email = AddressText(
        required=False,
        default="",
        allow_blank=True,
        max_length=254,
        help_text="The passenger's own address, for news of this trip: only if they agreed",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["first_name"] and not attrs["surname"]:
            message = _("Enter the name of the passenger.")
            raise serializers.ValidationError({"surname": [message]}, code=BY_RULE)
        return attrs


class OrderRequest(serializers.Serializer):
    hold = serializers.RegexField(r"^[A-Za-z0-9_-]{1,64}$")
    passengers = serializers.ListField(
        child=PassengerRequest(), min_length=1, max_length=settings.HOLD_MAX_SEATS
    )
    email = AddressText(max_length=254, help_text="Where the tickets go")
    phone = PhoneText(
        required=False,
        default="",
        allow_blank=True,
        max_length=40,
        help_text="With its country code, or a national number of `phone_country`",
    )
    phone_country = serializers.RegexField(
        r"^[A-Z]{2}$",
        required=False,
        write_only=True,
        help_text="ISO 3166 code of a national number; if left out, of the trip's start",
    )
    external_reference = serializers.RegexField(
        _REFERENCE,
        required=False,
        default="",
        help_text="Your own reference of the order: 1 to 64 characters, unique among your orders",
    )
    pay_later = serializers.BooleanField(
        default=False, help_text="The passenger pays at a counter by the order's `pay_by`"
    )

    def to_internal_value(self, data: Any) -> Any:
        """A number without its country is read as one of the country beside it."""
        if isinstance(data, dict):
            country, phone = data.get("phone_country"), str(data.get("phone") or "")
            if not country and phone and not phone.strip().startswith(("+", "00")):
                country = hold_country(str(data.get("hold", ""))[:64])
            if isinstance(country, str) and country:
                cast(PhoneText, self.fields["phone"]).country = country
        values = super().to_internal_value(data)
        values.pop("phone_country", None)
        return values


class PayRequest(serializers.Serializer):
    amount_zar = money_sent(help_text="The amount owed, to the cent")
    voucher = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=CODE_MOST,
        help_text="The code of a voucher that your customer pays with. It pays as far as it goes, and your "
        "account is charged with the rest. One that pays nothing is refused (422); the order stays unpaid.",
    )


class CancelRequest(serializers.Serializer):
    refund_zar = money_sent(help_text="The refund that was quoted; if less is due now, it is refused")
    tickets = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        required=False,
        allow_null=True,
        default=None,
        min_length=1,
        max_length=100,
        help_text="Ticket ids; if left out, the whole booking",
    )


class CancelQuery(serializers.Serializer):
    tickets = serializers.RegexField(
        r"^[1-9][0-9]{0,17}(,[1-9][0-9]{0,17})*$",
        required=False,
        default="",
        max_length=400,
        help_text="Ticket ids, separated by commas",
    )


class OrderQuery(CursorQuery):
    status = serializers.ChoiceField(SaleStatus.values, required=False, default="")
    external_reference = serializers.RegexField(
        _REFERENCE, required=False, default="", help_text="Your own reference of the order"
    )
    updated_since = MomentSent(
        required=False,
        default=None,
        help_text=(
            "Orders of which something was told since (paid, changed, cancelled, run out, refunded), those "
            "that changed first at the head. Ask from some seconds before you asked last"
        ),
    )


class StatementQuery(serializers.Serializer):
    month = serializers.RegexField(
        r"^20[0-9]{2}-(0[1-9]|1[0-2])$",
        required=False,
        default="",
        help_text="As 2026-11, in South Africa's time; this month where it is left out",
    )


# What it gets


@extend_schema_serializer(component_name="Ride")
class SegmentShape(Shown):
    schedule_id = serializers.IntegerField()
    line = serializers.CharField()
    origin = EndShape()
    destination = EndShape()


class HeldSeatShape(Shown):
    seat = serializers.CharField(allow_null=True, help_text="null for a child on a lap")
    fare_class = serializers.CharField()
    passenger_type = serializers.CharField()
    fare_zar = money()
    luggage_prices_zar = serializers.ListField(
        child=money(), help_text="What 1, 2, … extra pieces of luggage cost; empty where none are sold"
    )


@extend_schema_serializer(component_name="HeldRide")
class HeldSegmentShape(Shown):
    ride = SegmentShape(source="segment")
    seats = HeldSeatShape(many=True)


class QuoteShape(Shown):
    quote = serializers.CharField(help_text="Send it to hold the seats")
    expires_at = serializers.DateTimeField()
    total_zar = money(help_text="Less `discount_zar`")
    promo_code = serializers.CharField(allow_null=True)
    discount_zar = money(help_text="What the promo code takes off")
    rides = HeldSegmentShape(many=True, source="segments")


class HoldShape(Shown):
    id = serializers.CharField()
    expires_at = serializers.DateTimeField()
    is_expired = serializers.BooleanField()
    total_zar = money(help_text="Less `discount_zar`")
    promo_code = serializers.CharField(allow_null=True)
    discount_zar = money(help_text="What the promo code takes off")
    can_pay_later = serializers.BooleanField(help_text="Whether it may be paid later, at a counter")
    order = serializers.CharField(allow_null=True, help_text="The order made of it")
    rides = HeldSegmentShape(many=True, source="segments")


class TicketShape(Shown):
    id = serializers.IntegerField()
    first_name = serializers.CharField()
    surname = serializers.CharField()
    passenger_type = serializers.CharField()
    seat = serializers.CharField(allow_null=True)
    needs_wheelchair = serializers.BooleanField(help_text="Has a wheelchair place")
    help_request = serializers.CharField(help_text="Help asked for on the trip; personal data")
    fare_class = serializers.CharField()
    fare_zar = money(help_text="Less `discount_zar`")
    discount_zar = money(help_text="What a promo code takes off")
    extra_luggage = serializers.IntegerField(help_text="Extra pieces of luggage")
    luggage_zar = money(help_text="What they cost, beside the fare")
    status = serializers.CharField()
    code = serializers.CharField(allow_null=True, help_text="Content of the QR code, once the order is paid")
    spoken_code = serializers.CharField(allow_null=True)


class BookingShape(Shown):
    reference = serializers.CharField()
    status = serializers.CharField()
    ride = SegmentShape(source="segment")
    tickets = TicketShape(many=True)


class RefundShape(Shown):
    amount_zar = money()
    status = serializers.CharField(help_text="owed, paying or paid")
    state = serializers.ChoiceField(
        RefundState.values,
        help_text="What to tell the customer: waiting to be paid out at a counter, waiting for the bank "
        "details that we asked the customer for, on its way, or paid",
    )
    method = serializers.CharField(allow_null=True, help_text="partner: credited to your account")
    created_at = serializers.DateTimeField()
    paid_at = serializers.DateTimeField(allow_null=True, help_text="None while nothing went out")


class OrderShape(Shown):
    id = serializers.CharField()
    external_reference = serializers.CharField(allow_null=True, help_text="What you call it")
    status = serializers.ChoiceField(SaleStatus.values)
    total_zar = money()
    owed_zar = money()
    pays_later = serializers.BooleanField()
    pay_by = serializers.DateTimeField(allow_null=True, help_text="null once it can no longer be paid")
    placed_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField(help_text="When it last changed; see `updated_since`")
    email = serializers.CharField()
    phone = serializers.CharField()
    bookings = BookingShape(many=True)
    refunds = RefundShape(many=True)


class RefundLineShape(Shown):
    ticket = serializers.IntegerField()
    name = serializers.CharField()
    fare_zar = money(help_text="With what was paid for extra luggage")
    fee_zar = money()
    refund_zar = money()


class CancellationShape(Shown):
    reference = serializers.CharField()
    is_possible = serializers.BooleanField()
    refund_zar = money()
    fee_zar = money()
    falls_at = serializers.DateTimeField(allow_null=True, help_text="When the refund falls next")
    falls_to_zar = money(allow_null=True)
    tickets = RefundLineShape(many=True)


class CancelledShape(Shown):
    cancelled = serializers.CharField(
        help_text="Reference of the cancelled booking: a new one, where only some of the passengers were"
    )
    order = OrderShape()


class AccountShape(Shown):
    name = serializers.CharField()
    credit_limit_zar = money(source="credit_limit")
    owes_zar = money(source="owes")


class AgeingShape(Shown):
    current_zar = money(source="current", help_text="Owed for 30 days at most")
    over_30_zar = money(source="over_30")
    over_60_zar = money(source="over_60")
    over_90_zar = money(source="over_90")


class StatementShape(Shown):
    month = serializers.CharField()
    until = serializers.DateField(help_text="The last day that is in it: of the month, or today")
    settlement = serializers.ChoiceField(
        Settlement.values,
        help_text="net: commission is deducted from each sale; gross: it is credited when a month is over",
    )
    opening_zar = money(source="opening", help_text="What you owed before; negative: your credit")
    sales_zar = money(source="sales")
    refunds_zar = money(source="refunds", help_text="Negative: credited to you")
    commission_zar = money(source="commission", help_text="Negative: credited to you")
    payments_zar = money(source="payments", help_text="Negative: what you transferred to us")
    other_zar = money(source="other")
    closing_zar = money(source="closing", help_text="What you owe at its end: the sum of all these")
    commission_earned_zar = money(
        source="commission_earned", help_text="By the sales and refunds of the month, whenever it is credited"
    )
    ageing = AgeingShape(help_text="What you owe at its end, by the days since it was charged")
