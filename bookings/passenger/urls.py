from django.urls import path, re_path

from bookings.passenger.views import (
    boards,
    booking,
    cancellation,
    checkout,
    demo_mail,
    departure,
    feed,
    home,
    network,
    payment,
    search,
    seo,
)

app_name = "passenger"
_TOKEN = r"(?P<token>[A-Za-z0-9_-]{1,64})"
urlpatterns = [
    path("", home.home, name="home"),
    path("search/", search.search, name="search"),
    path("places/", search.places, name="places"),
    path("departures/", boards.board, name="board"),
    path("routes/", network.lines, name="network"),
    re_path(r"^routes/(?P<origin>[-\w]+?)-to-(?P<destination>[-\w]+)/$", network.pair, name="pair"),
    re_path(r"^departures/(?P<schedule_id>[0-9]{1,18})/$", departure.departure, name="departure"),
    re_path(r"^departures/(?P<schedule_id>[0-9]{1,18})/book/$", departure.book, name="book"),
    re_path(rf"^checkout/{_TOKEN}/$", checkout.checkout, name="checkout"),
    re_path(rf"^orders/{_TOKEN}/status/$", payment.status, name="order_status"),
    re_path(r"^payments/(?P<gateway_name>[a-z]{1,20})/notify/$", payment.notify, name="notify"),
    re_path(rf"^payments/demo/{_TOKEN}/$", payment.demo_gateway, name="demo_gateway"),
    path("bookings/", booking.find, name="find"),
    re_path(rf"^bookings/link/{_TOKEN}/$", booking.open_link, name="link"),
    path("bookings/<reference:reference>/", booking.manage, name="booking"),
    path("bookings/<reference:reference>/ticket.pdf", booking.ticket_pdf, name="ticket_pdf"),
    path("bookings/<reference:reference>/calendar.ics", booking.calendar, name="calendar"),
    path("bookings/<reference:reference>/receipt/", booking.receipt, name="receipt"),
    path("bookings/<reference:reference>/receipt.pdf", booking.receipt_file, name="receipt_pdf"),
    path("bookings/<reference:reference>/resend/", booking.resend, name="resend"),
    path("bookings/<reference:reference>/cancel/", cancellation.cancel, name="cancel"),
    path("demo/mail/", demo_mail.mail_list, name="demo_mails"),
    path("demo/mail/<slug:name>/", demo_mail.mail_page, name="demo_mail"),
    path("demo/mail/<slug:name>/<int:number>/", demo_mail.mail_file, name="demo_mail_file"),
    path("gtfs.zip", feed.gtfs, name="gtfs"),
    path("sitemap.xml", seo.sitemap, name="sitemap"),
    path("robots.txt", seo.robots, name="robots"),
    path("favicon.ico", seo.favicon, name="favicon"),
]
