from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import serializers

from bookings.api.fields import BY_RULE, PlaceText, Shown, money
from bookings.api.v1.serializers.sales import NameText
from bookings.domain.fares.luggage import MOST_PIECES
from bookings.models import ExchangeRequest

KINDS: Final = ("trip", "seats", "names", "luggage")
_MOST: Final = settings.HOLD_MAX_SEATS


def _ticket() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class TripChangeRequest(serializers.Serializer):
    schedule_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    origin = PlaceText(help_text="As in a quote of a sale")
    destination = PlaceText()
    tickets = serializers.ListField(
        child=_ticket(),
        required=False,
        allow_null=True,
        default=None,
        min_length=1,
        max_length=_MOST,
        help_text="Ticket ids; if left out, the whole booking",
    )
    seats = serializers.ListField(
        child=serializers.RegexField(r"^[!-~]{1,6}$"),
        required=False,
        default=list,
        max_length=_MOST,
        help_text="Seat labels; if left out, we choose seats together",
    )
    fare_class = serializers.SlugField(
        required=False, default="", max_length=30, help_text="Only if we choose the seats"
    )


class SeatChangeRequest(serializers.Serializer):
    ticket = _ticket()
    seat = serializers.RegexField(r"^[!-~]{1,6}$")


class NameChangeRequest(serializers.Serializer):
    ticket = _ticket()
    first_name = NameText()
    surname = NameText()


class LuggageChangeRequest(serializers.Serializer):
    ticket = _ticket()
    pieces = serializers.IntegerField(min_value=0, max_value=MOST_PIECES)


class ChangeQuoteRequest(serializers.Serializer):
    trip = TripChangeRequest(
        required=False, allow_null=True, default=None, help_text="Another departure of the same places"
    )
    seats = SeatChangeRequest(many=True, required=False, default=list, help_text="Other seats of the coach")
    names = NameChangeRequest(
        many=True,
        required=False,
        default=list,
        help_text="The spelling, free; another person where the fare allows it, for its fee",
    )
    luggage = LuggageChangeRequest(
        many=True, required=False, default=list, help_text="Extra pieces from now on"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(bool(attrs[name]) for name in KINDS) != 1:
            raise serializers.ValidationError(_("Send one of trip, seats, names and luggage."), code=BY_RULE)
        return attrs


class ChangeRequest(ChangeQuoteRequest):
    balance_zar = serializers.DecimalField(
        max_digits=12,
        decimal_places=2,
        help_text="What was quoted: charged to you, or below 0 credited; at another balance it is refused",
    )


class ChangeQuoteShape(Shown):
    reference = serializers.CharField()
    old_zar = money(help_text="What the tickets were sold for")
    new_zar = money(help_text="What they cost now")
    fee_zar = money()
    balance_zar = money(help_text="To pay; below 0 it comes back")


class ChangeShape(Shown):
    id = serializers.CharField()
    reference = serializers.CharField(
        help_text="Of the booking that was changed: a new one, where only some of the passengers move"
    )
    kind = serializers.ChoiceField(ExchangeRequest.Kind.values)
    status = serializers.ChoiceField(
        ExchangeRequest.Status.values,
        help_text="open: it waits for its customer's payment; refused: it was paid and not possible any "
        "more, so the money goes back",
    )
    balance_zar = money()
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Until when it can be paid")
    reason = serializers.CharField(help_text="Why it was refused; else empty")
