"""Django's sessions in the database, with one statement for a new session and one for a changed one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.contrib.sessions.backends.base import VALID_KEY_CHARS, CreateError, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.models import Session
from django.db import DatabaseError, IntegrityError, router
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string

from bookings.database.compiled import compiled, compiled_update, insert_rows
from bookings.database.transactions import lone_statement

_KEY_LENGTH: Final = 32


@compiled
def _live_sessions(key: str, now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)


@compiled_update
def _change(key: str, data: str, expires: datetime) -> tuple[QuerySet[Session], dict[str, Any]]:
    return Session.objects.filter(session_key=key), {"session_data": data, "expire_date": expires}


class SessionStore(DatabaseSessionStore):
    """Django asks whether a key is taken and opens a transaction around each write.

    A key has 165 random bits, and the primary key refuses one that is taken; a single statement is a
    transaction of its own.
    """

    def _get_session_from_db(self) -> Session | None:
        if rows := _live_sessions(self.session_key or "", timezone.now()):
            return rows[0]
        self._session_key = None
        return None

    def _get_new_session_key(self) -> str:
        return get_random_string(_KEY_LENGTH, VALID_KEY_CHARS)

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            return self.create()
        store: Any = self
        row: Any = self.create_model_instance(store._get_session(no_load=must_create))
        using = router.db_for_write(self.model, instance=row)
        try:
            with lone_statement(using):
                if must_create:
                    insert_rows([row])
                elif not _change(row.session_key, row.session_data, row.expire_date):
                    raise UpdateError  # somebody signed out meanwhile
        except IntegrityError as error:
            if must_create:
                raise CreateError from error
            raise
        except DatabaseError as error:
            if not must_create:
                raise UpdateError from error
            raise
