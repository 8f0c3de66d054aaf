from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from bookings.models import Branch, SaleStatus, Schedule, StaffTask, User
from bookings.office.presenters.dashboard_blocks import BLOCKS
from bookings.tests.make import make_booking, make_branch, make_route, make_schedule, make_shift, make_user
from bookings.tests.office.conftest import StaffClient, sign_in

pytestmark = pytest.mark.django_db
HOME = "/office/"
OPERATIONS = {"pulse", "timeline", "departures", "coach", "alerts", "outlook", "load"}


def make_departure(minutes: int = 60, **fields: Any) -> Schedule:
    return make_schedule(departs=timezone.now() + timedelta(minutes=minutes), **fields)


def fragment(client: Client, slug: str, *, seen: str = "", branch: str = "") -> Any:
    return client.get(
        f"/office/today/{slug}/",
        {"seen": seen, "branch": branch},
        headers={"HX-Request": "true", "HX-Target": f"block-{slug}"},
    )


def blocks_of(client: Client, address: str = HOME) -> set[str]:
    html = client.get(address).content.decode()
    return {slug for slug in BLOCKS if f'id="block-{slug}"' in html}


def test_each_block_is_the_fragment_of_the_page(clerk: StaffClient) -> None:
    booking = make_booking(schedule=make_departure(), status=SaleStatus.PENDING, now=timezone.now())
    make_shift(clerk.user)
    StaffTask.objects.create(
        kind=StaffTask.Kind.MAIL_FAILED, order=booking.order, subject="1", created_at=timezone.now()
    )

    page = clerk.get(HOME).content.decode()

    for slug in BLOCKS:
        alone = fragment(clerk, slug)
        assert alone.status_code == 200
        assert alone.content.decode().strip() in page, slug
        assert alone["Cache-Control"] == "no-store, private"


def test_what_needs_attention_comes_before_the_charts(clerk: StaffClient) -> None:
    page = clerk.get(HOME).content.decode()

    order = [
        page.index(f'id="block-{slug}"') for slug in ("departures", "alerts", "outlook", "load", "sales")
    ]
    assert order == sorted(order)


def test_an_unchanged_block_is_not_sent_again(clerk: StaffClient) -> None:
    schedule = make_departure(2000)
    seen = clerk.get(HOME).context["blocks"]["outlook"].seen

    assert fragment(clerk, "outlook", seen=seen).status_code == 204
    make_booking(schedule=schedule)
    Schedule.objects.filter(pk=schedule.pk).update(revision=1)
    changed = fragment(clerk, "outlook", seen=seen)
    assert changed.status_code == 200
    assert "12 %" in changed.content.decode()


def test_a_kept_block_is_not_drawn_again(
    clerk: StaffClient, django_assert_num_queries: Callable[[int], Any]
) -> None:
    make_departure(2000)
    fragment(clerk, "outlook")

    with django_assert_num_queries(5):  # session, user, branch, calls, departures: no claim, no road
        fragment(clerk, "outlook")


def test_a_refresh_does_not_keep_a_session_alive(clerk: StaffClient) -> None:
    make_departure()

    page = clerk.get(HOME).content.decode()

    assert page.count('hx-headers=\'{"X-Refresh": "1"}\'') == len(BLOCKS)


@pytest.mark.parametrize("slug", BLOCKS)
def test_a_block_by_its_address_leads_to_the_page(clerk: StaffClient, slug: str) -> None:
    answer = clerk.get(f"/office/today/{slug}/")

    assert (answer.status_code, answer["Location"]) == (302, HOME)


@pytest.mark.parametrize(
    ("role", "slugs"),
    [
        (User.Role.CLERK, set(BLOCKS)),
        (User.Role.SUPERVISOR, set(BLOCKS)),
        (User.Role.MANAGER, set(BLOCKS)),
        (User.Role.AUDITOR, set(BLOCKS)),
        (User.Role.DISPATCHER, OPERATIONS),
    ],
)
def test_each_role_sees_its_blocks(role: str, slugs: set[str]) -> None:
    client = sign_in(make_user(role=role))

    assert blocks_of(client) == slugs
    for slug in BLOCKS:
        assert fragment(client, slug).status_code == (200 if slug in slugs else 403)


def test_a_clerk_stays_at_the_own_station(clerk: StaffClient) -> None:
    make_branch("Durban")
    make_departure(route=make_route("Durban", "Ladysmith"))

    for answer in (clerk.get(HOME, {"branch": "durban"}), fragment(clerk, "departures", branch="durban")):
        assert "Ladysmith" not in answer.content.decode()


def test_a_manager_chooses_the_station_and_its_blocks_stay_there(manager: StaffClient) -> None:
    code = make_branch("Durban").code
    make_departure(route=make_route("Durban", "Ladysmith"))

    assert "Ladysmith" not in manager.get(HOME).content.decode()
    page = manager.get(HOME, {"branch": code}).content.decode()

    assert "Today at Durban" in page
    assert "Ladysmith" in page
    assert f"/office/today/departures/?branch={code}&amp;seen=" in page
    assert "Ladysmith" in fragment(manager, "departures", branch=code).content.decode()


def test_a_user_without_a_station_is_told(db: None) -> None:
    user = make_user()
    User.objects.filter(pk=user.pk).update(branch=None)
    client = sign_in(User.objects.get(pk=user.pk))

    assert blocks_of(client) == {"tills", "tasks", "mails"}
    assert "You are not assigned to a station yet" in client.get(HOME).content.decode()
    assert fragment(client, "departures").status_code == 302 or "HX-Redirect" in fragment(
        client, "departures"
    )
    Branch.objects.update(is_active=False)
    assert sign_in(make_user(role=User.Role.MANAGER)).get(HOME).status_code == 200


def test_an_empty_station_says_so_in_every_block(supervisor: StaffClient) -> None:
    page = supervisor.get(HOME).content.decode()

    for words in (
        "No departures from here in the next 24 hours.",
        "No problems with departures in the next 24 hours.",
        "You have no open shift.",
        "No unpaid orders due in the next 6 hours.",
        "No open tasks.",
        "All mail has been sent.",
        "No departures from here in the next five days.",
        "No departure in these days.",
    ):
        assert words in page


@pytest.mark.parametrize("many", [1, 3])
def test_the_number_of_queries_of_the_page_does_not_grow(
    manager: StaffClient, django_assert_num_queries: Callable[[int], Any], many: int
) -> None:
    route = make_route()
    for number in range(many):
        make_booking(schedule=make_departure(60 + number, route=route), now=timezone.now())
        pending = make_booking(
            schedule=make_departure(600 + number, route=route), status=SaleStatus.PENDING, now=timezone.now()
        )
        StaffTask.objects.create(
            kind=StaffTask.Kind.MAIL_FAILED,
            order=pending.order,
            subject=str(number),
            created_at=timezone.now(),
        )
        make_shift(make_user())

    with django_assert_num_queries(35):
        manager.get(HOME)


def test_the_page_can_be_asked_for_nonsense(clerk: StaffClient) -> None:
    for query in ("page=abc", "page=-1", "page=9999", "page=²", "branch=%00", "seen=" + "x" * 5000):
        assert clerk.get(f"{HOME}?{query}").status_code == 200
        assert (
            clerk.get(
                f"/office/today/outlook/?{query}",
                headers={"HX-Request": "true", "HX-Target": "block-outlook"},
            ).status_code
            == 200
        )
        assert clerk.get(f"/office/tasks/?{query}").status_code == 200


def test_the_curve_of_a_departure(
    dispatcher: StaffClient, django_assert_num_queries: Callable[[int], Any]
) -> None:
    schedule = make_departure(route=make_route("Durban", "Ladysmith"))

    answer = dispatcher.get(f"/office/departures/{schedule.pk}/curve/")

    assert "Durban – Ladysmith" in answer.content.decode()
    assert "0 of 8 seats sold." in answer.content.decode()
    assert dispatcher.get("/office/departures/0/curve/").status_code == 404


def make_task(**fields: Any) -> StaffTask:
    return StaffTask.objects.create(
        kind=StaffTask.Kind.REFUND_DUE, subject="refund:1", detail="R120", created_at=timezone.now(), **fields
    )


def test_a_supervisor_notes_what_was_done(supervisor: StaffClient) -> None:
    task = make_task()
    assert "Refund to be paid" in supervisor.get("/office/tasks/").content.decode()
    form = {"submission": "one", "note": "Paid at the till"}

    for _again in range(2):
        assert supervisor.post(f"/office/tasks/{task.pk}/done/", form).status_code == 302

    task.refresh_from_db()
    assert (task.done_note, task.done_by) == ("Paid at the till", supervisor.user)
    assert "Paid at the till" in supervisor.get("/office/tasks/?state=done").content.decode()
    assert "No open tasks" in supervisor.get("/office/tasks/").content.decode()


def test_a_task_names_one_booking_a_line(supervisor: StaffClient) -> None:
    task = make_task()
    task.detail = "Off sale.\nABCD2345: <Thandi>"
    task.save()

    assert "Off sale.<br>ABCD2345: &lt;Thandi&gt;" in supervisor.get("/office/tasks/").content.decode()


def test_a_task_needs_a_note_and_the_second_is_told(supervisor: StaffClient) -> None:
    task = make_task()

    blank = supervisor.post(f"/office/tasks/{task.pk}/done/", {"submission": "one", "note": " "})
    assert (blank.status_code, "Enter what was done about it." in blank.content.decode()) == (422, True)
    sign_in(make_user(role=User.Role.MANAGER)).post(
        f"/office/tasks/{task.pk}/done/", {"submission": "two", "note": "Done"}
    )
    late = supervisor.post(f"/office/tasks/{task.pk}/done/", {"submission": "three", "note": "Mine"})

    assert (late.status_code, "Somebody else has done this already." in late.content.decode()) == (409, True)
    assert supervisor.post("/office/tasks/0/done/", {"submission": "four", "note": "x"}).status_code == 404


def test_a_clerk_and_an_auditor_only_look_at_tasks(clerk: StaffClient, auditor: StaffClient) -> None:
    task = make_task()

    for client in (clerk, auditor):
        page = client.get("/office/tasks/").content.decode()
        assert "Refund to be paid" in page
        assert "What was done" not in page
        assert (
            client.post(f"/office/tasks/{task.pk}/done/", {"submission": "one", "note": "x"}).status_code
            == 403
        )
    assert not StaffTask.objects.exclude(done_at=None).exists()
