import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "falcon_web.settings")
os.environ.setdefault(
    "STATEMENT_SECONDS", "15"
)  # nobody waits longer for a page; a worker that did would be lost for everybody
application = get_wsgi_application()

# What is loaded by now stays for good, so it need not be looked through again and again; and what a page
# makes is mostly gone before it is worth a look.
gc.freeze()
gc.set_threshold(20_000, 20, 20)
