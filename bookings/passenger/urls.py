from django.urls import path

from bookings.passenger.views import home

app_name = "passenger"
urlpatterns = [
    path("", home.home, name="home"),
]
