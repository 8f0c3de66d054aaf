"""API: JSON in and out.

The apps of these packages are not installed, as their templates and static files are not needed.
"""

from django.core.exceptions import ImproperlyConfigured

from falcon_web.settings.business import COMPANY_NAME
from falcon_web.settings.environment import IS_PRODUCTION, env

REST_FRAMEWORK = {
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.NamespaceVersioning",
    "DEFAULT_VERSION": "v1",
    "ALLOWED_VERSIONS": ["v1"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["bookings.api.renderers.PlainJson"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "bookings.api.renderers.AlwaysJson",
    "DEFAULT_PERMISSION_CLASSES": [],  # bookings.api.access marks each view
    "DEFAULT_PAGINATION_CLASS": "bookings.api.pagination.UncountedPages",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "bookings.api.problems.handle",
    "PAGE_SIZE": 20,
}
SPECTACULAR_SETTINGS = {
    "TITLE": f"{COMPANY_NAME} API",
    "VERSION": "1.0.0",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "TAGS": [{"name": name} for name in ("Network", "Timetable", "Selling", "Orders")],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": ["bookings.api.schema.complete"],
}

# Lets a partner's webhook lead to a program on this very machine, without TLS: to try it out
WEBHOOKS_TO_THIS_HOST = env.bool("WEBHOOKS_TO_THIS_HOST", False)
if IS_PRODUCTION and WEBHOOKS_TO_THIS_HOST:
    raise ImproperlyConfigured("WEBHOOKS_TO_THIS_HOST must be off in production.")
