"""The engine of the database: PostgreSQL whose kept connection is looked at before a request, and asked only
if there is something to see.

A prepared statement that a migration has overtaken is prepared again.
"""

import select
from typing import Any

from django.db.backends.postgresql import base

from bookings.database.postgresql.prepared import retry_outdated_plan


class DatabaseWrapper(base.DatabaseWrapper):
    health_check_enabled: bool
    health_check_done: bool

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.settings_dict["OPTIONS"].get("prepare_threshold"):
            self.execute_wrappers.append(retry_outdated_plan)

    def close_if_health_check_failed(self) -> None:
        """A server that has gone has hung up, which shows at our end of the line without a question that
        every request would pay for.
        """
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
