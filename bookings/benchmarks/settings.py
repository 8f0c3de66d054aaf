"""The site as it is, and beside it what only a benchmark may ask for.

The floors, the number of queries, a cache that forgets.
"""

from django.core.exceptions import ImproperlyConfigured

from falcon_web.settings import *  # noqa: F403
from falcon_web.settings import CACHES, IS_PRODUCTION, MIDDLEWARE, PAYMENT_GATEWAYS, env

if IS_PRODUCTION:
    raise ImproperlyConfigured("The benchmarks run beside the site, never in production.")

PAYMENT_GATEWAYS["outside"] = "bookings.benchmarks.gateway.OutsideGateway"
OUTSIDE_GATEWAY_URL = env.str("OUTSIDE_GATEWAY_URL", "")

ROOT_URLCONF = "bookings.benchmarks.urls"
MIDDLEWARE = ["bookings.benchmarks.probe_headers.ProbeHeaders", *MIDDLEWARE]
SITE_CACHE = CACHES["default"]["BACKEND"]
CACHES["default"]["BACKEND"] = "bookings.benchmarks.cold_cache.ColdCache"
