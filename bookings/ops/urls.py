from django.urls import path

from bookings.ops import health

urlpatterns = [
    path("health/", health.health, name="health"),
    path("health/live/", health.live, name="live"),
]
