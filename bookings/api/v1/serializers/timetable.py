from typing import Any, Final

from django.conf import settings
from rest_framework import serializers

from bookings.api.fields import EndShape, LocalTime, PlaceText, Shown, money
from bookings.api.pagination import CursorQuery, PageQuery
from bookings.domain.search.offers import BANDS, SORTS

_PLACE: Final[dict[str, Any]] = {
    "help_text": "Slug of a city or code of a stop, such as johannesburg or jnb-park",
}


class ScheduleShape(Shown):
    id = serializers.IntegerField()
    route_id = serializers.IntegerField()
    route_name = serializers.CharField()
    line = serializers.CharField()
    coach = serializers.IntegerField(help_text="2 or more for a relief coach")
    bus_number = serializers.CharField(allow_null=True, help_text="Often known only a day before")
    status = serializers.CharField()
    origin = EndShape()
    destination = EndShape()
    departure_time = LocalTime()
    arrival_time = LocalTime()
    duration_minutes = serializers.IntegerField()
    price_zar = money(
        allow_null=True, help_text="Fare of an adult in the cheapest class with a free seat; null if not sold"
    )
    available_seats = serializers.IntegerField()


class CallShape(Shown):
    position = serializers.IntegerField()
    stop = serializers.CharField()
    name = serializers.CharField()
    city = serializers.CharField()
    arrives = LocalTime(help_text="Planned, as departs")
    departs = LocalTime()
    expected_arrives = LocalTime(allow_null=True, help_text="Null while nobody knows how late the coach is")
    expected_departs = LocalTime(allow_null=True)
    left_at = LocalTime(allow_null=True, help_text="When the coach left, as far as it is known")
    news_at = LocalTime(allow_null=True, help_text="When there will be news of a delay that nobody knows")
    is_skipped = serializers.BooleanField(help_text="The coach does not stop here")
    may_board = serializers.BooleanField()
    may_alight = serializers.BooleanField()


class ScheduleDetailShape(ScheduleShape):
    is_on_sale = serializers.BooleanField()
    sales_close_at = serializers.DateTimeField()
    layout = serializers.CharField()
    amenities = serializers.ListField(child=serializers.CharField())
    calls = CallShape(many=True)


class SeatClassShape(Shown):
    code = serializers.CharField()
    name = serializers.CharField()
    free = serializers.IntegerField()
    fares_zar = serializers.DictField(source="fares", child=money(), help_text="By passenger type")


class SeatShape(Shown):
    label = serializers.CharField()  # type: ignore[assignment]  # a field of this name hides the serializer's own
    deck = serializers.IntegerField()
    row = serializers.IntegerField()
    column = serializers.IntegerField()
    kind = serializers.CharField()
    is_window = serializers.BooleanField()
    fare_class = serializers.CharField(source="class_code")
    is_free = serializers.BooleanField(source="is_choosable")


class SeatMapShape(Shown):
    schedule_id = serializers.IntegerField(source="segment.schedule.pk")
    origin = EndShape()
    destination = EndShape()
    is_on_sale = serializers.BooleanField()
    free = serializers.IntegerField()
    classes = SeatClassShape(many=True)
    seats = SeatShape(many=True)


class OfferShape(Shown):
    schedule_id = serializers.IntegerField()
    origin = EndShape()
    destination = EndShape()
    origin_stop = serializers.CharField(source="board_stop")
    destination_stop = serializers.CharField(source="alight_stop")
    line = serializers.CharField()
    departure_time = LocalTime(source="departs_iso")
    arrival_time = LocalTime(source="arrives_iso")
    duration_minutes = serializers.IntegerField(source="minutes")
    layout = serializers.CharField()
    price_zar = money(help_text="Of the whole party")
    adult_price_zar = money(source="each_zar")
    available_seats = serializers.IntegerField(source="free")
    is_sold_out = serializers.SerializerMethodField(help_text="Too few seats or wheelchair places")

    def get_is_sold_out(self, offer: dict[str, Any]) -> bool:
        return offer["state"] == "sold_out"


class SeatMapQuery(serializers.Serializer):
    def get_fields(self) -> dict[str, Any]:
        return {"from": PlaceText(**_PLACE), "to": PlaceText(**_PLACE)}


class SegmentQuery(serializers.Serializer):
    """The segment to look at: both ends, or neither for the whole way of the coach."""

    def get_fields(self) -> dict[str, Any]:
        optional: dict[str, Any] = {"required": False, "default": "", **_PLACE}
        return {
            **super().get_fields(),
            "from": PlaceText(**optional),
            "to": PlaceText(**optional),
        }


class ScheduleQuery(SegmentQuery, CursorQuery):
    route = serializers.IntegerField(
        required=False, default=None, min_value=1, max_value=2**63 - 1, help_text="Id of a route"
    )
    date = serializers.DateField(required=False, default=None, help_text="Local time at the first stop")


class OfferQuery(PageQuery):
    date = serializers.DateField(help_text="Local day at the stop of departure")
    passengers = serializers.IntegerField(min_value=1, max_value=settings.HOLD_MAX_SEATS, default=1)
    types = serializers.RegexField(
        r"^[a-z0-9_-]+(,[a-z0-9_-]+)*$",
        required=False,
        default="",
        max_length=300,
        help_text="Types of the passengers who are not adults, such as child,child,student",
    )
    wheelchairs = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=settings.HOLD_MAX_SEATS,
        help_text="How many of the passengers use a wheelchair",
    )
    sort = serializers.ChoiceField(SORTS, default=SORTS[0])
    time = serializers.ChoiceField(
        list(BANDS), required=False, default="", help_text="Part of the day of departure"
    )
    fare_class = serializers.SlugField(required=False, default="", max_length=30)
    max_price = serializers.IntegerField(
        required=False,
        default=None,
        min_value=0,
        max_value=999_999,
        help_text="Whole rand for the whole party, in digits: 500",
        error_messages={"invalid": "Whole rand in digits, as 500, without R, spaces or cents."},
    )

    def get_fields(self) -> dict[str, Any]:
        return {
            "from": PlaceText(**_PLACE),
            "to": PlaceText(**_PLACE),
            **super().get_fields(),
        }
