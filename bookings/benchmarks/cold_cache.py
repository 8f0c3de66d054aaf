from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from bookings.benchmarks.probe_headers import forgotten

_SiteCache: Any = import_string(getattr(settings, "SITE_CACHE"))  # noqa: B009  of benchmarks.settings


class ColdCache(_SiteCache):
    """The site's cache. On request it has not kept what is asked for, so that a cold page can be measured
    again and again.
    """

    def get(self, key: str, default: Any = None, *args: Any, **kwargs: Any) -> Any:
        return default if _is_forgotten(key) else super().get(key, default, *args, **kwargs)

    def get_many(self, keys: Iterable[str], *args: Any, **kwargs: Any) -> Any:
        return super().get_many([key for key in keys if not _is_forgotten(key)], *args, **kwargs)


def _is_forgotten(key: str) -> bool:
    return any(fnmatchcase(key, pattern) for pattern in forgotten.get().split(",") if pattern)
