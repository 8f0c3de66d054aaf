"""Who may do what in Django's admin.

Managers read all and write plain tables; auditors read all; nobody else sees anything.
"""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from bookings.models import User

_READERS: Final = (User.Role.MANAGER, User.Role.AUDITOR)
_WRITERS: Final = (User.Role.MANAGER,)


def _is_one_of(user: User | AnonymousUser, roles: tuple[str, ...]) -> bool:
    if not isinstance(user, User):
        return False
    return user.is_active and user.is_staff and (user.is_superuser or user.role in roles)


def may_read(user: User | AnonymousUser) -> bool:
    return _is_one_of(user, _READERS)


def may_write(user: User | AnonymousUser) -> bool:
    return _is_one_of(user, _WRITERS)


def table_using(row: models.Model) -> str:
    """The name of a table whose rows keep `row` from being deleted.

    Empty if there is none. Asks, and does not collect a million rows.
    """
    for relation in row._meta.get_fields(include_hidden=True):
        if isinstance(relation, models.ForeignObjectRel) and relation.on_delete is models.PROTECT:
            model = relation.related_model
            if model._base_manager.filter(**{relation.field.name: row}).exists():
                return str(model._meta.verbose_name_plural)
    return ""


class _Readable:
    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_read(request.user)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return may_read(request.user)

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class _Writable(_Readable):
    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return may_write(request.user) and not self.is_frozen(obj)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return may_write(request.user) and not self.is_frozen(obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return may_write(request.user) and not self.is_frozen(obj)

    def is_frozen(self, row: models.Model | None) -> bool:
        return False


class RecordAdmin(_Readable, admin.ModelAdmin):
    """A table to read. Counts only what a page shows, and searches only by indexed columns."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    actions = None


class RecordInline(_Readable, admin.TabularInline):
    extra = 0
    can_delete = False
    show_change_link = True


class PlainInline(_Writable, admin.TabularInline):
    extra = 0


class PlainAdmin(_Writable, admin.ModelAdmin):
    """A table that managers write. What is frozen or in use is refused in words."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    actions = None
    frozen_message: str | Promise = ""

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row and may_write(request.user) and self.is_frozen(row):
            messages.warning(request, str(self.frozen_message))
            if request.method == "POST":
                return HttpResponseRedirect(request.path)
        return super().change_view(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        table = table_using(row) if row and may_write(request.user) else ""
        if table:
            message = _("“%(row)s” cannot be deleted: it is used by %(table)s.") % {
                "row": row,
                "table": table,
            }
            messages.error(request, message)
            return HttpResponseRedirect(f"../../{object_id}/change/")
        return super().delete_view(request, object_id, extra_context)
