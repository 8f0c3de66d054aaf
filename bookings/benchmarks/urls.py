from django.urls import include, path

from bookings.benchmarks import floors
from falcon_web.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("floor/constant/", floors.constant),
    path("floor/departures/", floors.departures),
    path("floor/departures/today/", floors.departures_today),
    path("", include("falcon_web.urls")),
]
