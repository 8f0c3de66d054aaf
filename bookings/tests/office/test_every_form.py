"""Whatever is sent to any address of the office, the answer is never an error of ours."""

from typing import Any, Final

import pytest
from django.http import QueryDict

from bookings.tests.office.conftest import StaffClient
from bookings.tests.office.everything import make_everything

FIELDS: Final = [
    "action",
    "after",
    "amount",
    "approver_code",
    "approver_name",
    "approver_password",
    "before",
    "booked_from",
    "booked_to",
    "branch",
    "card",
    "credit_limit",
    "channel",
    "code",
    "cols",
    "contact",
    "counted",
    "date",
    "day",
    "departure",
    "direction",
    "eft",
    "events",
    "email",
    "first_name",
    "from",
    "given",
    "how",
    "hold",
    "last_name",
    "late",
    "line",
    "name-0",
    "new_password",
    "note",
    "of_100",
    "of_10",
    "of_20000",
    "order",
    "page",
    "page_size",
    "paper",
    "password",
    "pick",
    "q",
    "quoted",
    "reason",
    "reference",
    "release",
    "release_at",
    "return",
    "ride",
    "role",
    "row-1",
    "scanned_at",
    "scopes",
    "seat",
    "seats",
    "seen",
    "shift",
    "slip",
    "sort",
    "standby",
    "state",
    "status",
    "step",
    "stop",
    "submission",
    "surname",
    "tender",
    "text",
    "ticket",
    "tickets",
    "to",
    "travels_from",
    "type-0",
    "username",
    "version",
    "waive",
    "waiver",
    "wanted",
    "weekdays",
    "starts_on",
    "since",
    "lines",
    "departs",
    "route",
    "subject",
    "number",
    "form-TOTAL_FORMS",
    "form-INITIAL_FORMS",
    "form-0-stop",
    "form-0-km",
    "nonce",
]
ODD: Final = ["\x00", "9" * 4400, "é\u202e🚍" * 90, "-1|jhb@0|cpt@-9"]
LEFT: Final = {"logout"}  # it ends the session that the others need


@pytest.fixture
def addresses(manager: StaffClient) -> dict[str, str]:
    """Every address, of things that are there."""
    return {name: path for name, path in make_everything(manager.user).items() if name not in LEFT}


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_whatever_is_sent_is_never_an_error_of_ours(
    manager: StaffClient, addresses: dict[str, str], odd: str
) -> None:
    manager.raise_request_exception = False
    form: dict[str, Any] = dict.fromkeys(FIELDS, odd)
    query = QueryDict(mutable=True)
    query.update(form)

    wrong = []
    for name, path in addresses.items():
        for answer in (manager.post(path, form), manager.get(f"{path}?{query.urlencode()}")):
            if answer.status_code >= 500 or answer.status_code == 403:
                wrong.append((name, answer.request["REQUEST_METHOD"], answer.status_code))

    assert wrong == []
