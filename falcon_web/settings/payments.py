"""Where each way of paying is written down."""

from django.core.exceptions import ImproperlyConfigured

from falcon_web.settings.environment import IS_PRODUCTION, env

# name=adapter, with the protocol of bookings.domain.sales.gateways
PAYMENT_GATEWAYS = {"demo": "bookings.domain.sales.gateways.demo.DemoGateway"} | env.dict(
    "PAYMENT_GATEWAYS", default={}
)
PAYMENT_GATEWAY = env.str("PAYMENT_GATEWAY", "" if IS_PRODUCTION else "demo")
if IS_PRODUCTION and (PAYMENT_GATEWAY == "demo" or PAYMENT_GATEWAY not in PAYMENT_GATEWAYS):
    raise ImproperlyConfigured(
        "PAYMENT_GATEWAY must name one of PAYMENT_GATEWAYS in production, and must not be the demo gateway."
    )
GATEWAY_ORIGINS = env.list("GATEWAY_ORIGINS", default=[])  # where a payment form may lead the browser
