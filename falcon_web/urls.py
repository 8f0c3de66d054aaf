from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, register_converter

from bookings.web.converters import ReferenceConverter

register_converter(ReferenceConverter, "reference")

handler400 = "bookings.web.errors.bad_request"
handler403 = "bookings.web.errors.forbidden"
handler404 = "bookings.web.errors.not_found"
handler500 = "bookings.web.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("bookings.passenger.urls")),
    path("", include("bookings.ops.urls")),
    path("api/", include("bookings.api.urls")),
    path("office/", include("bookings.office.urls")),
    path("admin/", admin.site.urls),
]

if settings.DEBUG_TOOLBAR:
    from debug_toolbar.toolbar import debug_toolbar_urls

    urlpatterns += debug_toolbar_urls()
