import gc
import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from bookings.base.memory import freeze_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "falcon_web.settings")
os.environ.setdefault(
    "STATEMENT_SECONDS", "15"
)  # nobody waits longer for a page; a worker that did would be lost for everybody
gc.disable()  # all that is loaded stays, so that to look through it takes a tenth of the start for nothing
application = get_wsgi_application()
import_module(settings.ROOT_URLCONF)  # with every view, which else the first visitor would wait for
freeze_loaded()
