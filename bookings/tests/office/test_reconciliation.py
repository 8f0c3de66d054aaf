"""The pages of statements: days, lines, what differs first, and the file."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from bookings.domain.reconciliation.days import business_day
from bookings.domain.reconciliation.differences import open_difference_tasks
from bookings.domain.reconciliation.matching import match_lines
from bookings.domain.reconciliation.statements import note_day_read
from bookings.models import Payment, StaffTask, StatementDay
from bookings.tests.make import make_booking, make_statement_line
from bookings.tests.office.conftest import StaffClient

pytestmark = pytest.mark.django_db
DAYS = "/office/reconciliation/"


@pytest.fixture
def day() -> str:
    """Of two days ago, at the demo gateway: matched R600, R300 that we do not have, R450 that they do not
    have, R700 there and R650 here, a fee of R21 and a payout of R1 579.
    """
    now = timezone.now()
    at = now - timedelta(days=2, minutes=5)
    facts = {"at": at, "day": business_day(at)}
    note_day_read("demo", facts["day"], now=now)
    for fare, theirs, fee in ((600, 600, -21), (450, 0, 0), (650, 700, 0)):
        make_booking(fare=fare, now=at)
        payment = Payment.objects.latest("pk")
        if theirs:
            make_statement_line("demo", theirs, fee=fee, external_id=payment.external_id, **facts)
    make_statement_line("demo", 300, external_id="=foreign", **facts)
    make_statement_line("demo", -1579, kind="payout", **facts)
    match_lines(now=now)
    open_difference_tasks(now=now)
    return f"{DAYS}demo/{facts['day'].isoformat()}/"


def text_of(client: StaffClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().replace("\u00a0", " ").split())


def test_a_day_says_theirs_ours_and_the_difference(manager: StaffClient, day: str) -> None:
    page = text_of(manager, day)

    for figure in ("R1 600</b> <span>theirs", "R1 700</b> <span>ours", "−R100</b> <span>difference"):
        assert f"<b>{figure}" in page
    assert "<b>R21</b> <span>fees" in page
    assert "<b>R1 579</b> <span>paid out" in page
    states = [text.partition("<")[0] for text in page.split('<span class="badge ')[1:]]
    words = [state.rpartition(">")[2] or state for state in states]
    assert len(words) == 5
    shown = [page.index(word) for word in ("other amount", "not in our books", "in no statement")]
    assert max(shown) < page.index(">matched<")
    assert page.index(">matched<") > 0
    assert ">posted<" in page


def test_only_what_is_open_is_shown_if_wanted(manager: StaffClient, day: str) -> None:
    StaffTask.objects.filter(subject__startswith="statement:").update(
        done_at=timezone.now(), done_note="sold by hand"
    )

    page = text_of(manager, f"{day}?only=open")

    assert "in no statement" in page
    assert "matched" not in page
    assert "sold by hand" not in page
    assert "sold by hand" in text_of(manager, day)


def test_the_list_of_days_adds_up_as_the_day_does(auditor: StaffClient, day: str) -> None:
    page = text_of(auditor, DAYS)

    assert f'<a href="{day}">' in page
    for text in ("R1 600</td>", "R1 700</td>", "−R100</td>", "R21</td>", "R1 579</td>", "3 to look at"):
        assert text in page
    assert "Read the last three days" not in page


def test_the_list_needs_no_more_queries_for_more_days(
    manager: StaffClient, day: str, django_assert_max_num_queries: object
) -> None:
    manager.get(DAYS)
    for back in range(3, 12):
        note_day_read("demo", business_day(timezone.now()) - timedelta(days=back), now=timezone.now())
    with django_assert_max_num_queries(22):  # type: ignore[operator]
        manager.get(DAYS)


def test_the_file_has_every_line_and_no_formula(manager: StaffClient, day: str) -> None:
    answer = manager.get(f"{day.removesuffix('/')}.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]

    lines = text.splitlines()
    assert len(lines) == 6
    assert sum("'=foreign" in line and "300.00" in line for line in lines) == 1
    assert answer["Content-Disposition"].endswith('.csv"')


def test_statements_are_read_by_a_button_in_the_queue(
    manager: StaffClient, day: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr("bookings.queue.enqueue", lambda *args: asked.append(args))

    answer = manager.post(f"{DAYS}read/", {"day": "2026-11-28", "gateway": "demo"})
    everything = manager.post(f"{DAYS}read/")

    assert answer["Location"] == f"{DAYS}demo/2026-11-28/"
    assert everything["Location"] == DAYS
    assert asked == [("reconcile_day", "2026-11-28"), ("reconcile_last_days",)]


def test_a_day_that_is_none_is_not_found(manager: StaffClient) -> None:
    assert manager.get(f"{DAYS}demo/2026-13-01/").status_code == 404
    assert manager.get(f"{DAYS}demo/20261101/").status_code == 404


def test_a_day_that_could_not_be_read_says_why(manager: StaffClient) -> None:
    day = business_day(timezone.now())
    StatementDay.objects.create(gateway="payfast", day=day, problem="TimeoutError: no answer")

    page = text_of(manager, f"{DAYS}payfast/{day.isoformat()}/")

    assert "could not be read (TimeoutError: no answer)" in page
    assert "not read" in text_of(manager, DAYS)


def test_clerks_and_supervisors_do_not_see_it(clerk: StaffClient, supervisor: StaffClient) -> None:
    assert clerk.get(DAYS).status_code == 403
    assert supervisor.get(DAYS).status_code == 403


def test_balances_are_of_each_gateway(manager: StaffClient) -> None:
    make_booking(fare=Decimal(600))
    note_day_read("demo", business_day(timezone.now()), now=timezone.now())

    assert "<b>R600</b> <span>Demo, not paid out yet" in text_of(manager, DAYS)
