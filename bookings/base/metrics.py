"""What is counted, at the place where it happens, for /metrics.

Several processes count together when PROMETHEUS_MULTIPROC_DIR names a folder that is empty when they start
(`make run` sees to it); without it each counts for itself.
"""

from typing import Final

from prometheus_client import Counter, Histogram

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS: Final = Histogram(
    "falcon_request_seconds",
    "Requests by route, method and class of status",
    ["route", "method", "status"],
    buckets=_BUCKETS,
)
QUERIES: Final = Counter("falcon_queries", "Statements that requests sent to the databases", ["route"])
QUERY_SECONDS: Final = Counter(
    "falcon_query_seconds", "Time that requests waited for the databases", ["route"]
)
CACHE: Final = Counter("falcon_cache_reads", "Reads of the cache", ["result"])
HOLDS: Final = Counter("falcon_holds", "Seats held, by the rides that asked for them", ["channel"])
SALES: Final = Counter("falcon_sales", "Orders that were paid or cost nothing", ["channel"])
REFUSALS: Final = Counter("falcon_refusals", "What the rules refused, by kind", ["kind"])
RATE_LIMITED: Final = Counter("falcon_rate_limited", "Requests refused by a rate limit", ["limit"])

_cache_hits, _cache_misses = CACHE.labels("hit"), CACHE.labels("miss")
_routes: dict[
    tuple[str, str, int], tuple[Histogram, Counter, Counter]
] = {}  # finding a labelled counter costs more than counting


def count_request(
    route: str, method: str, status: int, seconds: float, queries: int, query_seconds: float
) -> None:
    key = (route, method, status // 100)
    metrics = _routes.get(key)
    if metrics is None:
        known = method if method in _METHODS else "other"
        metrics = (
            REQUESTS.labels(route, known, f"{status // 100}xx"),
            QUERIES.labels(route),
            QUERY_SECONDS.labels(route),
        )
        if known == method:  # whoever makes methods up must not fill our memory
            _routes[key] = metrics
    metrics[0].observe(seconds)
    if queries:
        metrics[1].inc(queries)
        metrics[2].inc(query_seconds)


def count_cache(*, hits: int = 0, misses: int = 0) -> None:
    if hits:
        _cache_hits.inc(hits)
    if misses:
        _cache_misses.inc(misses)
