from django.urls import path, re_path

from bookings.passenger.views import boards, home, network, search, seo

app_name = "passenger"
urlpatterns = [
    path("", home.home, name="home"),
    path("search/", search.search, name="search"),
    path("places/", search.places, name="places"),
    path("departures/", boards.board, name="board"),
    path("routes/", network.lines, name="network"),
    re_path(r"^routes/(?P<origin>[-\w]+?)-to-(?P<destination>[-\w]+)/$", network.pair, name="pair"),
    path("sitemap.xml", seo.sitemap, name="sitemap"),
    path("robots.txt", seo.robots, name="robots"),
]
