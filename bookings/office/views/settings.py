"""What a company sets for itself, with who changed it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from bookings.base.errors import Refusal
from bookings.base.text import clean_text
from bookings.domain.company.declarations import GROUPS
from bookings.domain.company.setting_changes import (
    change_setting,
    get_setting,
    list_settings,
    setting_history,
)
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.reauthentication import ReauthenticationForm
from bookings.office.forms.settings import SettingForm
from bookings.office.policy import may
from bookings.web.refusals import add_refusal


@staff
@require_safe
def settings(request: StaffRequest) -> HttpResponse:
    states = list_settings()
    groups = [(group, [state for state in states if state.setting.group == group]) for group in GROUPS]
    return render(request, "office/settings/settings.html", {"groups": groups})


@staff
@sensitive_post_parameters("password", "code")
@require_http_methods(["GET", "HEAD", "POST"])
def setting(request: StaffRequest, name: str) -> HttpResponse:
    """A limit of money is changed only by who proves again who they are."""
    state = get_setting(name)
    posted = request.POST if request.method == "POST" else None
    form = SettingForm(posted, state=state, proposed=clean_text(request.GET.get("value", ""))[:30])
    proof = ReauthenticationForm.of(request) if state.setting.is_of_money else None
    if form.is_valid() and (proof is None or proof.is_reauthenticated()):
        try:
            changed = change_setting(
                name, form.cleaned_data["value"], seen=form.cleaned_data["seen"], actor=request.user
            )
        except Refusal as refusal:
            add_refusal(form, None, refusal)
        else:
            facts = {"label": state.setting.label, "value": changed.counts, "unit": state.setting.unit}
            messages.success(request, _("%(label)s is now %(value)s (%(unit)s).") % facts)
            return redirect("office:setting", name)
    has_errors = form.errors or (proof is not None and proof.errors)
    context = {
        "state": state,
        "setting": state.setting,
        "form": form,
        "reauthentication": proof,
        "history": setting_history(name),
        "may_change": may(request.user.role, "setting", "POST") and not state.setting.is_locked,
    }
    return render(request, "office/settings/setting.html", context, status=422 if has_errors else 200)
