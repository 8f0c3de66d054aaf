"""Sessions: a visitor's is kept in its cookie, signed, and costs no statement; any other is a row, which ends
at once when it is deleted, with one statement for a new one and one for a changed one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.contrib.sessions.backends.base import VALID_KEY_CHARS, CreateError, UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore
from django.contrib.sessions.models import Session
from django.core import signing
from django.db import DatabaseError, IntegrityError, router
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string

from bookings.database.compiled import compiled, compiled_update, insert_rows
from bookings.database.transactions import lone_statement

_KEY_LENGTH: Final = 32
_SIGNED: Final = ":"  # is in everything that is signed, and in no key of a row
VISITOR: Final = "visitor"  # a random key, under whose hash seats are held
ORDERS: Final = "orders"  # that this browser may see and change


@compiled
def _live_sessions(key: str, now: datetime) -> QuerySet[Session]:
    return Session.objects.filter(session_key=key, expire_date__gt=now)


@compiled_update
def _change(key: str, data: str, expires: datetime) -> tuple[QuerySet[Session], dict[str, Any]]:
    return Session.objects.filter(session_key=key), {"session_data": data, "expire_date": expires}


class SessionStore(DatabaseSessionStore):
    """Django asks whether a key is taken and opens a transaction around each write.

    A key has 165 random bits, and the primary key refuses one that is taken; a single statement is a
    transaction of its own. Of a visitor's session the key itself holds all that is known: nobody has to end
    it before its time, as what it opens ends by itself.
    """

    def load(self) -> dict[str, Any]:
        if not self._is_in_cookie:
            return dict(super().load())
        try:
            known: dict[str, Any] = signing.loads(
                self.session_key or "",
                salt=self.key_salt,
                serializer=self.serializer,
                max_age=self.get_session_cookie_age(),
            )
        except signing.BadSignature:
            self._session_key = None
            return {}
        return known

    @property
    def _is_in_cookie(self) -> bool:
        return _SIGNED in (self.session_key or "")

    def _get_session_from_db(self) -> Session | None:
        if rows := _live_sessions(self.session_key or "", timezone.now()):
            return rows[0]
        self._session_key = None
        return None

    def _get_new_session_key(self) -> str:
        return get_random_string(_KEY_LENGTH, VALID_KEY_CHARS)

    def save(self, must_create: bool = False) -> None:
        store: Any = self
        known = store._get_session(no_load=must_create)
        if self.session_key is None or self._is_in_cookie:
            if not known.keys() <= {VISITOR, ORDERS}:
                return self.create()
            self._session_key = self.encode(known)
            return None
        row: Any = self.create_model_instance(known)
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

    def delete(self, session_key: str | None = None) -> None:
        if _SIGNED not in (session_key or self.session_key or ""):
            super().delete(session_key)
