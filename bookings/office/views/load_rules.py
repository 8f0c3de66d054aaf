"""The rules by which departures are watched: listed, made, stopped."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings.base.weekdays import weekdays_text
from bookings.domain.reports.load_alerts import add_load_rule, list_load_rules, rule_text, stop_load_rule
from bookings.office.access import StaffRequest, staff
from bookings.office.forms.load_rules import LoadRuleForm
from bookings.office.policy import may


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def load_rules(request: StaffRequest) -> HttpResponse:
    form = LoadRuleForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        add_load_rule(form.load_alert(), actor=request.user)
        messages.success(request, _("Departures are watched by this rule within the hour."))
        return redirect("office:load_rules")
    rows = [
        {
            "id": rule.pk,
            "text": rule_text(rule),
            "weekdays": weekdays_text(rule.weekdays),
            "route": rule.route.name if rule.route else _("all routes"),
            "by": rule.created_by.display_name,
        }
        for rule in list_load_rules()
    ]
    page = {"rows": rows, "form": form, "may_change": may(request.user.role, "load_rules", "POST")}
    return render(request, "office/reports/load_rules.html", page, status=422 if form.errors else 200)


@staff
@require_POST
def stop(request: StaffRequest, rule_id: int) -> HttpResponse:
    """No more alerts by it; a second click changes nothing."""
    stop_load_rule(rule_id, actor=request.user)
    messages.success(request, _("The rule is stopped."))
    return redirect("office:load_rules")
