from django.urls import path

from bookings.ops import health, metrics

urlpatterns = [
    path("health/", health.health, name="health"),
    path("health/live/", health.live, name="live"),
    path("metrics", metrics.metrics, name="metrics"),
]
