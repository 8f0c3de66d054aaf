from django.urls import path, re_path

from bookings.api.v1.views import changes, docs, network, sales, timetable

app_name = "v1"
_TOKEN = r"(?P<token>[A-Za-z0-9_-]{1,64})"
_REFERENCE = r"(?P<reference>[A-Za-z0-9-]{1,20})"
_ROUTE = r"(?P<route_id>[0-9]{1,18})"
_SCHEDULE = r"(?P<schedule_id>[0-9]{1,18})"
urlpatterns = [
    path("", docs.index, name="index"),
    path("schema/", docs.schema, name="schema"),
    path("docs/", docs.page, name="docs"),
    path("problems/", docs.problems, name="problems"),
    # Open to anybody
    path("cities/", network.cities, name="cities"),
    path("stops/", network.stops, name="stops"),
    path("passenger-types/", network.types, name="passenger_types"),
    path("routes/", network.routes, name="routes"),
    re_path(rf"^routes/{_ROUTE}/$", network.route, name="route"),
    path("schedules/", timetable.schedules, name="schedules"),
    re_path(rf"^schedules/{_SCHEDULE}/$", timetable.schedule, name="schedule"),
    re_path(rf"^schedules/{_SCHEDULE}/seats/$", timetable.seats, name="seats"),
    path("search/", timetable.search, name="search"),
    # With a key
    path("account/", sales.account, name="account"),
    path("account/statement/", sales.statement, name="account_statement"),
    path("quotes/", sales.quotes, name="quotes"),
    path("holds/", sales.holds, name="holds"),
    re_path(rf"^holds/{_TOKEN}/$", sales.hold, name="hold"),
    path("orders/", sales.orders, name="orders"),
    re_path(rf"^orders/{_TOKEN}/$", sales.order, name="order"),
    re_path(rf"^orders/{_TOKEN}/pay/$", sales.pay, name="pay"),
    re_path(rf"^bookings/{_REFERENCE}/cancellation/$", sales.cancellation, name="cancellation"),
    re_path(rf"^bookings/{_REFERENCE}/change/quote/$", changes.change_quote, name="change_quote"),
    re_path(rf"^bookings/{_REFERENCE}/change/$", changes.make_change, name="make_change"),
    re_path(rf"^changes/{_TOKEN}/$", changes.change, name="change"),
]
