"""manage.py api_key: keys made, listed and revoked where there is no office at hand."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from bookings.domain.partners.api_keys import find_key
from bookings.models import ApiKey, Partner
from bookings.tests.make import make_api_key, make_partner

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("api_key", *arguments, stdout=out)
    return out.getvalue()


def test_a_key_is_made_and_printed_once() -> None:
    make_partner()

    printed = run("create", "travelhub", "--name", "kiosks", "--scopes", "read", "book", "--limit", "60/m")

    key = find_key(printed.split()[0])
    assert (key.partner.slug, key.name, key.scopes, key.limit) == (
        "travelhub",
        "kiosks",
        ["read", "book"],
        "60/m",
    )
    assert printed.splitlines()[1] == "This is the key of TravelHub for read, book. It is shown only once."


def test_a_new_partner_is_taken_on_with_its_first_key() -> None:
    run("create", "Coach & Rail", "--email", "desk@coachrail.example", "--credit", "2500")

    partner = Partner.objects.get()
    assert (partner.slug, partner.credit_limit) == ("coach-rail", 2500)
    assert ApiKey.objects.get().scopes == ["read", "book", "cancel"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "nobody"),
        ("revoke", "fbl_nothing"),
        ("list", "nobody"),
        ("create", "travelhub", "--limit", "often"),
    ],
)
def test_what_cannot_be_is_said(arguments: tuple[str, ...]) -> None:
    make_partner()

    with pytest.raises(CommandError):
        run(*arguments)
    assert not ApiKey.objects.exists()


def test_keys_are_listed_and_revoked_by_their_beginning() -> None:
    made = make_api_key()
    assert (
        run("list")
        == f"{made.key.prefix}  travelhub  website  read,book,cancel  usual limit  live  never used\n"
    )

    assert run("revoke", made.key.prefix) == f"{made.key.prefix} of TravelHub opens nothing any more.\n"

    assert find_key(made.text) is None
    assert "  revoked 20" in run("list", "travelhub")
