from typing import Final

from bookings.base.codes import random_code
from bookings.models import Branch, City, User

_NAMES: Final = {
    User.Role.CLERK: ("Nomsa", "Dlamini"),
    User.Role.SUPERVISOR: ("Pieter", "Visagie"),
    User.Role.DISPATCHER: ("Tebogo", "Mokoena"),
    User.Role.MANAGER: ("Priya", "Naidoo"),
    User.Role.AUDITOR: ("Anele", "Jacobs"),
}
_NO_PASSWORD: Final = "!"
_BRANCHES: Final = ("johannesburg", "bloemfontein", "durban", "cape-town")


def make_staff() -> User:
    """Branches in the big cities, and one user for each role, named like it, who cannot log in yet. The answer is the clerk."""
    for city in City.objects.filter(slug__in=_BRANCHES).order_by("pk"):
        Branch.objects.get_or_create(code=city.slug, defaults={"name": city.name, "city": city})
    branch = Branch.objects.filter(code__in=_BRANCHES).order_by("pk").first()
    for role, (first_name, last_name) in _NAMES.items():
        User.objects.get_or_create(
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
    return User.objects.get(username=User.Role.CLERK)


def staff_can_log_in() -> bool:
    return User.objects.filter(username__in=_NAMES).exclude(password=_NO_PASSWORD).count() == len(_NAMES)


def give_password(*, reset: bool) -> str:
    """One new password for all users of the demo, unless they have one and it is to stay: then the answer is empty."""
    if staff_can_log_in() and not reset:
        return ""
    password = "-".join(random_code(4).lower() for _part in range(3))
    for user in User.objects.filter(username__in=_NAMES):
        user.set_password(password)
        user.save(update_fields=["password"])
    return password
