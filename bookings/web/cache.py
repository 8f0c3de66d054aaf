import logging
import time
from collections.abc import Callable
from typing import Any, Final

from django_redis.cache import RedisCache
from django_redis.exceptions import ConnectionInterrupted
from redis.exceptions import RedisError

logger = logging.getLogger("bookings.cache")
OPEN_SECONDS: Final = 5.0


class BreakerRedisCache(RedisCache):
    """django-redis as a cache that may be lost: while Redis is away every read misses and every write is dropped.

    After one failure Redis is not asked again for a few seconds, so that a frozen server slows one request, not all.
    """

    _closed_again_at = 0.0

    @property
    def is_open(self) -> bool:
        return time.monotonic() < type(self)._closed_again_at

    def _guarded(self, call: Callable[..., Any], missing: Any, /, *args: Any, **kwargs: Any) -> Any:
        if self.is_open:
            return missing
        try:
            return call(*args, **kwargs)
        except (ConnectionInterrupted, RedisError, OSError) as error:
            type(self)._closed_again_at = time.monotonic() + OPEN_SECONDS
            logger.warning("cache unavailable: %s", type(error).__name__)
            return missing

    def get(self, key: Any, default: Any = None, version: Any = None, client: Any = None) -> Any:
        return self._guarded(super().get, default, key, default=default, version=version, client=client)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._guarded(super().get_many, {}, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._guarded(super().set, None, *args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._guarded(super().add, None, *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._guarded(super().incr, None, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._guarded(super().delete, False, *args, **kwargs)
