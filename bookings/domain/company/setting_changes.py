"""Settings as managers change them, each change with who, when, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import CharField, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _

from bookings.base.errors import Conflict, NotFound, Refusal
from bookings.database.transactions import database_now, short_transaction
from bookings.domain.company.declarations import Setting, text_of
from bookings.domain.company.settings import SETTINGS, company_settings
from bookings.domain.company.stored_settings import forget_stored_settings, stored_settings
from bookings.models import AuditEntry, CompanySetting, User


@dataclass(frozen=True)
class SettingState:
    """A setting with what was entered for it, "" for nothing, and what counts now."""

    setting: Setting[Any]
    entered: str
    counts: str

    @property
    def is_default(self) -> bool:
        return not self.entered and not self.setting.is_locked


def list_settings() -> list[SettingState]:
    """All, in the order of the page, as they are in the database now."""
    entered = dict(CompanySetting.objects.values_list("name", "value"))
    return [_state(setting, entered.get(name, "")) for name, setting in SETTINGS.items()]


def get_setting(name: str) -> SettingState:
    """As it is in the database now. Raises NotFound."""
    setting = SETTINGS.get(name)
    if setting is None:
        raise NotFound(_("There is no such setting."))
    return _state(setting, CompanySetting.objects.filter(name=name).values_list("value", flat=True).first())


def setting_history(name: str, *, most: int = 50) -> list[AuditEntry]:
    """The newest first."""
    row = CompanySetting.objects.filter(name=name).first()
    return (
        list(AuditEntry.objects.filter(subject=_subject(row)).select_related("actor")[:most]) if row else []
    )


def change_setting(
    name: str, text: str, *, seen: str, actor: User, now: datetime | None = None
) -> SettingState:
    """Set what `text` says, or the default again if it is empty. `seen` is what was entered when the actor
    looked.

    Raises NotFound, Refusal for a value that is none or where the environment decides, Conflict if somebody
    else was faster.
    """
    setting = get_setting(name).setting
    if setting.is_locked:
        variable = {"variable": setting.variable}
        raise Refusal(_("%(variable)s is set on the server and cannot be changed here.") % variable)
    value = text_of(setting.read(text)) if text.strip() else ""
    with short_transaction():
        CompanySetting.objects.get_or_create(name=name)
        row = CompanySetting.objects.select_for_update().get(name=name)
        if row.value != seen:
            raise Conflict(_("Somebody else has just changed this setting. Please check again."))
        if row.value != value:
            AuditEntry.objects.create(
                at=now or database_now(),
                actor=actor,
                subject=_subject(row),
                title=str(setting.label),
                before={"value": row.value or text_of(setting.default)},
                after={"value": value or text_of(setting.default)},
            )
            CompanySetting.objects.filter(pk=row.pk).update(value=value)
            transaction.on_commit(forget_stored_settings)
    return _state(setting, value)


def highest_since(name: str, since: datetime) -> Decimal:
    """The highest that this limit was at any moment since: what was done under it stays as it was."""
    limits = [Decimal(getattr(company_settings, name))]
    if name not in stored_settings():  # nobody ever changed it
        return limits[0]
    subject = Concat(Value("setting:"), Cast("pk", CharField()), output_field=CharField())
    subjects = CompanySetting.objects.filter(name=name).values_list(subject)
    entries = AuditEntry.objects.filter(subject__in=subjects, at__gte=since)
    for before, after in entries.values_list("before__value", "after__value"):
        limits += [Decimal(before), Decimal(after)]
    return max(limits)


def _state(setting: Setting[Any], entered: str | None) -> SettingState:
    counts = text_of(setting.default) if setting.is_locked or not entered else entered
    return SettingState(setting, entered or "", counts)


def _subject(row: CompanySetting) -> str:
    return f"setting:{row.pk}"
