"""Text messages to passengers: WhatsApp by Meta, SMS by Clickatell, or neither."""

from django.core.exceptions import ImproperlyConfigured

from falcon_web.settings.environment import IS_DEMO, IS_PRODUCTION, LOCAL_DIR, env

# The address of the message simulator, if it runs: it stands in for each provider that has no account here
MESSAGE_SIMULATOR = env.str("MESSAGE_SIMULATOR", "").rstrip("/")
if MESSAGE_SIMULATOR and IS_PRODUCTION:
    raise ImproperlyConfigured("MESSAGE_SIMULATOR must not be set in production.")
SIMULATED_META = ("100200300", "simulated-token", "simulated-app-secret", "simulated-verify")
SIMULATED_CLICKATELL = ("simulated-key", "falcon", "simulated-password")

META_URL = env.str("META_URL", "").rstrip("/") or "https://graph.facebook.com/v23.0"
META_PHONE_NUMBER_ID = env.str("META_PHONE_NUMBER_ID", "")
META_ACCESS_TOKEN = env.str("META_ACCESS_TOKEN", "")
META_APP_SECRET = env.str("META_APP_SECRET", "")
META_VERIFY_TOKEN = env.str("META_VERIFY_TOKEN", "")
if MESSAGE_SIMULATOR and not META_PHONE_NUMBER_ID:
    META_URL = MESSAGE_SIMULATOR
    META_PHONE_NUMBER_ID, META_ACCESS_TOKEN, META_APP_SECRET, META_VERIFY_TOKEN = SIMULATED_META

CLICKATELL_URL = env.str("CLICKATELL_URL", "").rstrip("/") or "https://platform.clickatell.com"
CLICKATELL_API_KEY = env.str("CLICKATELL_API_KEY", "")
CLICKATELL_CALLBACK_USER = env.str("CLICKATELL_CALLBACK_USER", "")
CLICKATELL_CALLBACK_PASSWORD = env.str("CLICKATELL_CALLBACK_PASSWORD", "")
if MESSAGE_SIMULATOR and not CLICKATELL_API_KEY:
    CLICKATELL_URL = MESSAGE_SIMULATOR
    CLICKATELL_API_KEY, CLICKATELL_CALLBACK_USER, CLICKATELL_CALLBACK_PASSWORD = SIMULATED_CLICKATELL

# All of a provider's settings or none: `check --deploy` says which are missing
TEXT_PROVIDER_SETTINGS = {
    "WhatsApp": ("META_PHONE_NUMBER_ID", "META_ACCESS_TOKEN", "META_APP_SECRET", "META_VERIFY_TOKEN"),
    "SMS": ("CLICKATELL_API_KEY", "CLICKATELL_CALLBACK_USER", "CLICKATELL_CALLBACK_PASSWORD"),
}
_TEXTS = "bookings.domain.messaging.texts"
_DEMO = {"whatsapp": f"{_TEXTS}.demo.DemoWhatsAppProvider", "sms": f"{_TEXTS}.demo.DemoProvider"}
_META = {"whatsapp": f"{_TEXTS}.meta.MetaProvider"}
_CLICKATELL = {"sms": f"{_TEXTS}.clickatell.ClickatellProvider"}
# The adapter of each channel; what has none is not offered
TEXT_PROVIDERS = (
    (_DEMO if IS_DEMO else {})
    | (_META if META_PHONE_NUMBER_ID else {})
    | (_CLICKATELL if CLICKATELL_API_KEY else {})
)
TEXT_FILE_PATH = str(LOCAL_DIR / "texts.jsonl")  # where the demo's messages are written
TEXT_FALLBACK_MINUTES = env.float("TEXT_FALLBACK_MINUTES", 5)  # that WhatsApp has before an SMS follows
# Hours before boarding from which on passengers are reminded of their trip; 0: never
TRIP_REMINDER_HOURS = env.float("TRIP_REMINDER_HOURS", 24)
