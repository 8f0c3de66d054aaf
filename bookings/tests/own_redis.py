"""A plugin of pytest, so that it comes before the settings.

Each worker of a run gets a Redis of its own out of REDIS_URLS.
"""

import os

os.environ["REDIS_URL"] = os.environ["REDIS_URLS"].split()[
    int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
]
