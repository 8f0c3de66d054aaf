from argparse import ArgumentParser
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from bookings.base.errors import RuleBroken
from bookings.domain.partners.api_keys import KeyTerms, get_key_by_prefix, list_keys, make_key, revoke_key
from bookings.domain.partners.partners import add_partner, get_partner
from bookings.models import ApiKey, Partner


class Command(BaseCommand):
    help = "Makes, lists and revokes the keys of partners who sell through the API."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="make a key and print it, only this time")
        create.add_argument(
            "partner", help="its short name, as in /office/partners/; with --email a new partner's name"
        )
        create.add_argument("--email", help="take on the partner if there is none of this name")
        create.add_argument(
            "--credit",
            type=Decimal,
            default=Decimal(0),
            help="rand that a new partner may owe for what it sold (default 0)",
        )
        create.add_argument("--name", default="program", help="what the key is for (default: program)")
        create.add_argument("--scopes", nargs="+", choices=ApiKey.Scope.values, default=ApiKey.Scope.values)
        create.add_argument(
            "--limit", default="", help="requests at most, such as 120/m; else RATE_LIMIT_API_KEY"
        )
        listing = actions.add_parser("list", help="all keys, or those of a partner")
        listing.add_argument("partner", nargs="?")
        revoke = actions.add_parser("revoke", help="let a key open nothing any more")
        revoke.add_argument("key", help="as much of its beginning as is listed, such as fbl_1a2b3c4d")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(**options)
        except RuleBroken as refusal:
            raise CommandError(refusal.message) from refusal

    def _create(self, partner: str, email: str | None, credit: Decimal, **of_key: Any) -> None:
        owner = Partner.objects.filter(slug=partner).first() or Partner.objects.filter(name=partner).first()
        if owner is None:
            owner = (
                add_partner(name=partner, email=email, credit_limit=credit) if email else get_partner(partner)
            )
        made = make_key(owner, KeyTerms(of_key["name"], of_key["scopes"], of_key["limit"]))
        self.stdout.write(
            f"{made.text}\nThis is the key of {owner.name} for {', '.join(made.key.scopes)}. "
            "It is shown only once."
        )

    def _list(self, partner: str | None, **options: Any) -> None:
        partners = [get_partner(partner)] if partner else Partner.objects.all()
        for owner in partners:
            for key in list_keys(owner):
                state = (
                    f"revoked {key.revoked_at:%Y-%m-%d}"
                    if key.revoked_at
                    else "switched off"
                    if not owner.is_active
                    else "live"
                )
                used = f"used {key.last_used_at:%Y-%m-%d}" if key.last_used_at else "never used"
                self.stdout.write(
                    f"{key.prefix}  {owner.slug}  {key.name}  {','.join(key.scopes)}  "
                    f"{key.limit or 'usual limit'}  {state}  {used}"
                )

    def _revoke(self, key: str, **options: Any) -> None:
        revoked = revoke_key(get_key_by_prefix(key).pk)
        self.stdout.write(f"{revoked.prefix} of {revoked.partner.name} opens nothing any more.")
