"""Who signs in: accounts, passwords, second factors, lockout."""

from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured

from falcon_web.settings.business import COMPANY_NAME
from falcon_web.settings.environment import IS_DEMO, IS_PRODUCTION, env

AUTH_USER_MODEL = "bookings.User"
LOGIN_URL = "office:login"
LOGIN_REDIRECT_URL = "office:dashboard"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
STAFF_IDLE_MINUTES = env.float("STAFF_IDLE_MINUTES", 30)
STAFF_SESSION_HOURS = env.float("STAFF_SESSION_HOURS", 12)
SECOND_FACTOR_FORCED = env.bool(
    "SECOND_FACTOR_FORCED", not IS_DEMO
)  # for roles that may give money back or override a rule
if IS_PRODUCTION and not SECOND_FACTOR_FORCED:
    raise ImproperlyConfigured("SECOND_FACTOR_FORCED must be on in production.")
OTP_TOTP_ISSUER = COMPANY_NAME

AXES_FAILURE_LIMIT = 7
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [
    ["username", "ip_address"]
]  # one alone would let a stranger lock out a clerk, or a clerk the whole office
AXES_CLIENT_IP_CALLABLE = "bookings.office.lockout.counted_address"
AXES_LOCKOUT_CALLABLE = "bookings.office.lockout.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = [
    "username",
    "ip_address",
    "csrfmiddlewaretoken",
]  # written down nowhere but where tries are counted
