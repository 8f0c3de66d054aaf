from django.urls import path

from bookings.office.views import account, dashboard, login

app_name = "office"
urlpatterns = [
    # Getting in
    path("login/", login.login, name="login"),
    path("login/code/", login.code, name="login_code"),
    path("logout/", login.logout, name="logout"),
    path("account/", account.account, name="account"),
    path("account/end-sessions/", account.end_sessions, name="end_sessions"),
    path("account/second-factor/", account.second_factor, name="second_factor"),
    path("account/second-factor/enrol/", account.enrol, name="enrol"),
    path("account/second-factor/recovery-codes/", account.recovery_codes, name="recovery_codes"),
    path("account/second-factor/drop/", account.drop, name="drop_second_factor"),
    # Dashboard
    path("", dashboard.dashboard, name="dashboard"),
    # Selling
    # Serving
    # Money at the till
    # Boarding
]
