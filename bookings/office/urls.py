from django.urls import path

from bookings.office.views import dashboard, login

app_name = "office"
urlpatterns = [
    # Getting in
    path("login/", login.login, name="login"),
    path("logout/", login.logout, name="logout"),
    # Dashboard
    path("", dashboard.dashboard, name="dashboard"),
    # Selling
    # Serving
    # Money at the till
    # Boarding
]
