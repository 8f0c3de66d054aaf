"""The engine of the database: PostgreSQL whose kept connection is looked at before a request, and asked only if there is something to see."""

import select
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def close_if_health_check_failed(self) -> None:
        """A server that has gone has hung up, which shows at our end of the line without a question that every request would pay for."""
        if self.connection is not None and self.health_check_enabled and not self.health_check_done:
            self.health_check_done = _is_silent(self.connection)
        super().close_if_health_check_failed()


def _is_silent(raw: Any) -> bool:
    """Whether nobody has said anything since the last answer: no farewell, no end of the line."""
    if raw.closed:
        return False
    line = select.poll()
    line.register(raw.fileno(), select.POLLIN)
    return not line.poll(0)
