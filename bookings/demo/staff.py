from datetime import timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.base.codes import random_code
from bookings.models import Branch, City, Company, StaffEvent, User

_NAMES: Final = {
    User.Role.CLERK: ("Nomsa", "Dlamini"),
    User.Role.SUPERVISOR: ("Pieter", "Visagie"),
    User.Role.DISPATCHER: ("Tebogo", "Mokoena"),
    User.Role.MANAGER: ("Priya", "Naidoo"),
    User.Role.AUDITOR: ("Anele", "Jacobs"),
}
_COLLEAGUES: Final = {  # clerks who never sign in; what they sold is part of the demo
    "lerato": ("Lerato", "Molefe", "johannesburg"),
    "kabelo": ("Kabelo", "Sithole", "pretoria"),
    "zanele": ("Zanele", "Mthembu", "durban"),
    "fatima": ("Fatima", "Essop", "durban"),
    "johan": ("Johan", "Basson", "cape-town"),
    "ayanda": ("Ayanda", "Ngcobo", "cape-town"),
}
_NO_PASSWORD: Final = "!"
_MADE_BEFORE: Final = timedelta(days=365)  # longer ago than anything the demo sold
_BRANCHES: Final = ("johannesburg", "bloemfontein", "durban", "cape-town", "pretoria")
CAN_LOG_IN: Final = frozenset(_NAMES)
OUR_CLERKS: Final = frozenset({User.Role.CLERK, *_COLLEAGUES})


def _counter(city: City) -> dict[str, str]:
    """Where it is and when it is open: invented, like the company."""
    return {
        "address": f"2 Example Street\n{city.name}\n0000",
        "opening_hours": _("Every day 05:00–23:00"),
    }


def give_addresses() -> None:
    """To the branches of a demo company of an earlier release; never to one that somebody runs."""
    if not Company.objects.filter(is_invented=True).exists():
        return
    for branch in Branch.objects.filter(code__in=_BRANCHES, address="", opening_hours="").order_by("pk"):
        Branch.objects.filter(pk=branch.pk).update(**_counter(branch.city))


def make_staff() -> User:
    """Branches in the big cities, and one user for each role, named like it, who cannot log in yet.

    The answer is the clerk.
    """
    for city in City.objects.filter(slug__in=_BRANCHES).order_by("pk"):
        Branch.objects.get_or_create(
            code=city.slug, defaults={"name": city.name, "city": city, **_counter(city)}
        )
    branches = Branch.objects.filter(code__in=_BRANCHES).order_by("pk")
    branch = branches.filter(code=_BRANCHES[0]).first() or branches.first()
    made = []
    for role, (first_name, last_name) in _NAMES.items():
        user, is_new = User.objects.get_or_create(
            username=role,
            defaults={
                "role": role,
                "first_name": first_name,
                "last_name": last_name,
                "email": f"{role}@example.org",
                "is_staff": True,
                "branch": branch,
                "password": _NO_PASSWORD,
            },
        )
        made += [user] if is_new else []
    at_city = {branch.code: branch for branch in branches}
    for username, (first_name, last_name, city_slug) in _COLLEAGUES.items():
        fields = {
            "first_name": first_name,
            "last_name": last_name,
            "branch": at_city.get(city_slug, branch),
            "password": _NO_PASSWORD,
        }
        user, is_new = User.objects.get_or_create(username=username, defaults=fields)
        made += [user] if is_new else []
    # Of two persons none may have made the other's account within a week
    manager, at = User.objects.get(username=User.Role.MANAGER), timezone.now() - _MADE_BEFORE
    for user in made:
        StaffEvent.objects.record(user, _("account created for the demo"), actor=manager, at=at)
    return User.objects.get(username=User.Role.CLERK)


def staff_can_log_in() -> bool:
    return User.objects.filter(username__in=_NAMES).exclude(password=_NO_PASSWORD).count() == len(_NAMES)


def give_password(*, reset: bool) -> str:
    """One new password for all users of the demo, unless they have one and it is to stay.

    Then the answer is empty.
    """
    if staff_can_log_in() and not reset:
        return ""
    password = "-".join(random_code(4).lower() for _part in range(3))
    for user in User.objects.filter(username__in=_NAMES):
        user.set_password(password)
        user.save(update_fields=["password"])
    return password
