from contextlib import nullcontext
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from bookings.database.session_store import SessionStore

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def test_the_site_uses_it() -> None:
    assert import_module(settings.SESSION_ENGINE).SessionStore is SessionStore


def test_a_new_session_and_a_changed_one_are_a_statement_each(django_assert_num_queries: Any) -> None:
    session = SessionStore()
    session["visitor"] = "one"
    with django_assert_num_queries(1):
        session.save()
    session["visitor"] = "two"
    with django_assert_num_queries(1):
        session.save()

    assert SessionStore(session.session_key)["visitor"] == "two"


@pytest.mark.parametrize("within", [transaction.atomic, nullcontext])
def test_a_session_that_is_gone_is_not_written_again(within: Any) -> None:
    session = SessionStore()
    session["visitor"] = "one"
    session.save()
    Session.objects.all().delete()

    with within():
        with pytest.raises(UpdateError):
            session.save()
        assert not Session.objects.exists()


def test_a_key_that_is_taken_is_refused() -> None:
    first = SessionStore()
    first.save()
    second = SessionStore(first.session_key)

    with pytest.raises(CreateError):
        second.save(must_create=True)


def test_a_new_key_for_who_signs_in_keeps_what_is_known() -> None:
    session = SessionStore()
    session["visitor"] = "one"
    session.save()
    old = session.session_key
    session.cycle_key()

    assert session.session_key != old
    assert SessionStore(session.session_key)["visitor"] == "one"
    assert not Session.objects.filter(pk=old).exists()


def test_a_session_that_has_run_out_is_not_read() -> None:
    session = SessionStore()
    session["visitor"] = "one"
    session.save()
    Session.objects.update(expire_date=timezone.now())

    late = SessionStore(session.session_key)
    assert "visitor" not in late
    assert late.session_key is None
