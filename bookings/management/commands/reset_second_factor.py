from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bookings.domain.staff.second_factor import drop_second_factor
from bookings.models import User


class Command(BaseCommand):
    help = (
        "Lets somebody whose phone and recovery codes are lost sign in with the password alone, "
        "to set up a new second factor."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username}.")
        drop_second_factor(user)
        self.stdout.write(f"{username} signs in with the password alone until a new second factor is set up.")
