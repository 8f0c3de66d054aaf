import logging
import time
from collections.abc import Callable, Collection, Sequence
from functools import cached_property
from typing import Any, Final

from django.core.cache.backends.locmem import LocMemCache
from django_redis.cache import RedisCache
from django_redis.exceptions import ConnectionInterrupted
from redis.commands.core import Script
from redis.exceptions import RedisError

from bookings.base.metrics import count_cache

logger = logging.getLogger("bookings.cache")
OPEN_SECONDS: Final = 5.0
_MISSING: Final = object()
# KEYS: hashes of counts by slice. ARGV: the current slice, the oldest that counts, how many are allowed,
# seconds to live. All keys are looked at before one is counted; the answer is empty, or the counts of the one
# that is full.
_COUNT_IN_WINDOW: Final = """
for _, key in ipairs(KEYS) do
  local fields, total, live = redis.call('HGETALL', key), 0, {}
  for i = 1, #fields, 2 do
    if tonumber(fields[i]) < tonumber(ARGV[2]) then
      redis.call('HDEL', key, fields[i])
    else
      total = total + tonumber(fields[i + 1])
      table.insert(live, fields[i])
      table.insert(live, fields[i + 1])
    end
  end
  if total >= tonumber(ARGV[3]) then return live end
end
for _, key in ipairs(KEYS) do
  redis.call('HINCRBY', key, ARGV[1], 1)
  redis.call('EXPIRE', key, ARGV[4])
end
return {}
"""


def _counted(value: Any, default: Any) -> Any:
    if value is _MISSING:
        count_cache(misses=1)
        return default
    count_cache(hits=1)
    return value


class CountedMemoryCache(LocMemCache):
    """This process's memory, that tells how often it knew the answer."""

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return _counted(super().get(key, _MISSING, version), default)


class BreakerRedisCache(RedisCache):  # type: ignore[misc]  # django-redis brings no types
    """django-redis as a cache that may be lost: while Redis is away every read misses and every write is
    dropped.

    After one failure Redis is not asked again for a few seconds, so that a frozen server slows one request,
    not all.
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
        value = self._guarded(super().get, _MISSING, key, default=_MISSING, version=version, client=client)
        return _counted(value, default)

    def get_many(self, keys: Collection[Any], *args: Any, **kwargs: Any) -> Any:
        value = self._guarded(super().get_many, {}, keys, *args, **kwargs)
        count_cache(hits=len(value), misses=len(keys) - len(value))
        return value

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._guarded(super().set, None, *args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._guarded(super().add, None, *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._guarded(super().incr, None, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._guarded(super().delete, False, *args, **kwargs)

    def clear(self) -> None:
        """Forget what this company has kept. The database of Redis may be shared, so it is not emptied."""
        self._guarded(super().delete_pattern, None, "*", itersize=1_000)

    def hit_percent(self) -> float | None:
        """How often the server knew a key, since it started."""
        statistics = self._guarded(lambda: self.client.get_client().info("stats"), None)
        reads = statistics["keyspace_hits"] + statistics["keyspace_misses"] if statistics else 0
        return 100 * statistics["keyspace_hits"] / reads if reads else None

    def count_in_window(
        self, keys: Sequence[str], slices: range, allowed: int, seconds: int
    ) -> dict[int, int] | None:
        """Count one for every key, or for none if one is full.

        Then its counts by slice, else {}. None while Redis is away.
        """

        def count() -> dict[int, int]:
            arguments = [slices[-1], slices[0], allowed, seconds]
            flat = [
                int(reply)
                for reply in self._script(keys=[self.make_key(key) for key in keys], args=arguments)
            ]
            return dict(zip(flat[::2], flat[1::2], strict=True))

        counts: dict[int, int] | None = self._guarded(count, None)
        return counts

    def add_to_window(self, keys: Sequence[str], slice_number: int, count: int) -> None:
        def add() -> None:
            with self.client.get_client(write=True).pipeline(transaction=False) as pipeline:
                for key in keys:
                    pipeline.hincrby(self.make_key(key), slice_number, count)
                pipeline.execute()

        self._guarded(add, None)

    @cached_property
    def _script(self) -> Script:
        script: Script = self.client.get_client(write=True).register_script(_COUNT_IN_WINDOW)
        return script
