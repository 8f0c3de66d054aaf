"""How mail leaves."""

from falcon_web.settings.business import COMPANY_NAME
from falcon_web.settings.environment import IS_PRODUCTION, LOCAL_DIR, env

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="smtp://localhost:25" if IS_PRODUCTION else "filemail://")
vars().update({name: value for name, value in EMAIL_CONFIG.items() if name.startswith("EMAIL_")})
# A mail provider of django-anymail ("postmark") instead of SMTP, with its keys: "POSTMARK_SERVER_TOKEN=…"
MAIL_PROVIDER = env.str("MAIL_PROVIDER", "")
ANYMAIL = env.dict("ANYMAIL", default={})
if MAIL_PROVIDER:
    EMAIL_BACKEND = f"anymail.backends.{MAIL_PROVIDER}.EmailBackend"
EMAIL_FILE_PATH = env.str("EMAIL_FILE_PATH", str(LOCAL_DIR / "mail"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"{COMPANY_NAME} <tickets@falconbus.example>")
