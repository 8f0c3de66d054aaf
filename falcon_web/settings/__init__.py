"""The settings of every environment, a file for each concern.

What differs comes from environment variables (.env.example lists them all).
"""

from falcon_web.settings.accounts import *
from falcon_web.settings.api import *
from falcon_web.settings.business import *
from falcon_web.settings.cache import *
from falcon_web.settings.databases import *
from falcon_web.settings.environment import *
from falcon_web.settings.logs import *
from falcon_web.settings.mail import *
from falcon_web.settings.payments import *
from falcon_web.settings.security import *
from falcon_web.settings.site import *
from falcon_web.settings.static_files import *
from falcon_web.settings.texts import *
