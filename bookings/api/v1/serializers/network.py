from rest_framework import serializers

from bookings.api.fields import Shown
from bookings.api.pagination import PageQuery


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
    origin = serializers.CharField(source="origin.slug")
    destination = serializers.CharField(source="destination.slug")
    distance_km = serializers.FloatField()
    duration_hours = serializers.FloatField()
    calls = RouteCallShape(many=True)


class PassengerTypeShape(Shown):
    slug = serializers.CharField()
    name = serializers.CharField()
    discount_percent = serializers.IntegerField()
    ages = serializers.CharField()
    proof = serializers.CharField(help_text="What is shown at boarding")
    is_default = serializers.BooleanField()


class CityQuery(PageQuery):
    q = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=120, help_text="How the name begins"
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
