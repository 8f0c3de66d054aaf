from contextlib import nullcontext
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from bookings.database.session_store import SessionStore

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


def signed_in() -> SessionStore:
    session = SessionStore()
    session[SESSION_KEY], session["visitor"] = "7", "one"
    return session


def test_the_site_uses_it() -> None:
    assert import_module(settings.SESSION_ENGINE).SessionStore is SessionStore


def test_a_visitors_session_is_kept_in_its_key_and_costs_no_statement(django_assert_num_queries: Any) -> None:
    session = SessionStore()
    session["visitor"] = "one"
    with django_assert_num_queries(0):
        session.save()
        later = SessionStore(session.session_key)
        later["orders"] = [7]
        later.save()

        known = dict(SessionStore(later.session_key).items())
    assert known == {"visitor": "one", "orders": [7]}


def test_a_visitors_session_that_was_forged_or_has_run_out_is_not_read() -> None:
    session = SessionStore()
    session["visitor"] = "one"
    session.save()
    payload, _colon, signature = str(session.session_key).partition(":")
    keys = {
        "forged": f"{payload[:-1]}{'A' if payload[-1] != 'A' else 'B'}:{signature}",
        "late": session.session_key,
    }

    for case, key in keys.items():
        moment = timezone.now() + timedelta(days=14, seconds=5) if case == "late" else timezone.now()
        with time_machine.travel(moment):
            read = SessionStore(key)
            assert ("visitor" in read, read.session_key) == (False, None), case


def test_who_signs_in_gets_a_row_that_knows_what_the_visitor_had() -> None:
    session = SessionStore()
    session["visitor"] = "one"
    session.save()
    session["signing_in"] = {"user": 7}
    session.save()

    assert Session.objects.get().pk == session.session_key
    assert SessionStore(session.session_key)["visitor"] == "one"

    session.flush()
    assert not Session.objects.exists()


def test_a_new_session_and_a_changed_one_are_a_statement_each(django_assert_num_queries: Any) -> None:
    session = signed_in()
    with django_assert_num_queries(1):
        session.save()
    session["visitor"] = "two"
    with django_assert_num_queries(1):
        session.save()

    assert SessionStore(session.session_key)["visitor"] == "two"


@pytest.mark.parametrize("within", [transaction.atomic, nullcontext])
def test_a_session_that_is_gone_is_not_written_again(within: Any) -> None:
    session = signed_in()
    session.save()
    Session.objects.all().delete()

    with within():
        with pytest.raises(UpdateError):
            session.save()
        assert not Session.objects.exists()


def test_a_key_that_is_taken_is_refused() -> None:
    first = signed_in()
    first.save()
    second = SessionStore(first.session_key)

    with pytest.raises(CreateError):
        second.save(must_create=True)


def test_a_new_key_for_who_signs_in_keeps_what_is_known() -> None:
    session = signed_in()
    session.save()
    old = session.session_key
    session.cycle_key()

    assert session.session_key != old
    assert SessionStore(session.session_key)["visitor"] == "one"
    assert not Session.objects.filter(pk=old).exists()


def test_a_session_that_has_run_out_is_not_read() -> None:
    session = signed_in()
    session.save()
    Session.objects.update(expire_date=timezone.now())

    late = SessionStore(session.session_key)
    assert "visitor" not in late
    assert late.session_key is None
