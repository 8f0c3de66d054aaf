from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from bookings.api.fields import PointShape, Shown
from bookings.api.pagination import PageQuery
from bookings.domain.fares.companions import needs_adult
from bookings.domain.timetable.segments import point_of
from bookings.models import PassengerType, Route


class CityShape(Shown):
    slug = serializers.CharField()
    name = serializers.CharField()
    region = serializers.CharField()
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)


class StopShape(Shown):
    code = serializers.CharField()
    name = serializers.CharField()
    city = serializers.CharField(source="city.slug")
    city_name = serializers.CharField(source="city.name")
    address = serializers.CharField()
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)
    time_zone = serializers.CharField()


class RouteCallShape(Shown):
    position = serializers.IntegerField()
    stop = serializers.CharField(source="stop.code")
    name = serializers.CharField(source="stop.name")
    city = serializers.CharField(source="stop.city.slug")
    arrive_min = serializers.IntegerField(help_text="Minutes after the departure from the first stop")
    depart_min = serializers.IntegerField()
    km = serializers.FloatField()
    may_board = serializers.BooleanField()
    may_alight = serializers.BooleanField()


class RouteShape(Shown):
    id = serializers.IntegerField()
    name = serializers.CharField()
    line = serializers.CharField(source="line.code")
    line_name = serializers.CharField(source="line.name")
    origin = serializers.SerializerMethodField()
    destination = serializers.SerializerMethodField()
    distance_km = serializers.FloatField()
    duration_hours = serializers.FloatField()
    calls = RouteCallShape(many=True)

    @extend_schema_field(PointShape)
    def get_origin(self, route: Route) -> Any:
        return PointShape(point_of(route.calls.all()[0])).data

    @extend_schema_field(PointShape)
    def get_destination(self, route: Route) -> Any:
        *_others, last = route.calls.all()
        return PointShape(point_of(last)).data


class PassengerTypeShape(Shown):
    slug = serializers.CharField()
    name = serializers.CharField()
    discount_percent = serializers.IntegerField()
    ages = serializers.CharField()
    proof = serializers.CharField(help_text="Proof to show at boarding")
    is_default = serializers.BooleanField()
    travels_on_lap = serializers.BooleanField(help_text="Travels without a seat, one with each adult")
    is_adult = serializers.BooleanField(help_text="Whether they count as the adult whom others need")
    needs_adult = serializers.SerializerMethodField(
        help_text="Whether they travel only with an adult in the same order"
    )
    needs_adult_abroad = serializers.SerializerMethodField(help_text="The same on a trip across a border")

    def get_needs_adult(self, kind: PassengerType) -> bool:
        return needs_adult(kind)

    def get_needs_adult_abroad(self, kind: PassengerType) -> bool:
        return needs_adult(kind, is_abroad=True)


class CityQuery(PageQuery):
    q = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=120,
        validators=[RegexValidator(r"^[^\x00]*$")],
        help_text="Beginning of the name, or of another name of it",
    )


class StopQuery(PageQuery):
    city = serializers.SlugField(required=False, default="", max_length=140, help_text="Slug of a city")


class RouteQuery(PageQuery):
    origin = serializers.SlugField(
        required=False, default="", max_length=140, help_text="Slug of the city where it begins"
    )
    destination = serializers.SlugField(
        required=False, default="", max_length=140, help_text="Slug of the city where it ends"
    )
