from django.urls import include, path

urlpatterns = [path("v1/", include("bookings.api.v1.urls"))]
