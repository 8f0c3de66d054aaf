from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from bookings.base.codes import random_token
from bookings.base.errors import Refusal
from bookings.base.params import read_int
from bookings.domain.operations.tasks import TaskPage, finish_task, task_page
from bookings.office.access import StaffRequest, staff
from bookings.office.policy import may
from bookings.web.refusals import counted
from bookings.web.render import MenuLink


@staff
@require_safe
def tasks(request: StaffRequest) -> HttpResponse:
    """What a person must look at, or with ?state=done what was done about it."""
    return _page(request)


@staff
@require_POST
def done(request: StaffRequest, task_id: int) -> HttpResponse:
    note, token = request.POST.get("note", "")[:300], request.POST.get("submission", "")
    try:
        finish_task(task_id, user=request.user, note=note, submission=token, content=f"{task_id} {note}")
    except Refusal as refusal:
        return _page(request, refusal=refusal, task_id=task_id)
    messages.success(request, _("The task is done."))
    return redirect(reverse("office:tasks"))


def _page(request: StaffRequest, *, refusal: Refusal | None = None, task_id: int = 0) -> HttpResponse:
    page = read_int(request.GET.get("page", ""), default=1, most=99_999)
    tasks = task_page(request.user, now=timezone.now(), page=page, is_done=request.GET.get("state") == "done")
    problem = counted(refusal)
    refused = {"message": problem.message, "typed": request.POST.get("note", "")} if problem else None
    context = {
        "tasks": tasks,
        "tabs": [
            MenuLink(reverse("office:tasks"), _("Open"), not tasks.is_done),
            MenuLink(f"{reverse('office:tasks')}?state=done", _("Done"), tasks.is_done),
        ],
        "rows": [(row, refused if row.id == task_id else None) for row in tasks.rows],
        "earlier": _address(tasks, -1) if tasks.page > 1 else "",
        "later": _address(tasks, 1) if tasks.has_next else "",
        "may_finish": may(request.user.role, "task_done", "POST"),
        "submission": random_token(),
        "problem": problem,
    }
    return render(request, "office/tasks.html", context, status=refusal.status if refusal else 200)


def _address(tasks: TaskPage, pages: int) -> str:
    """Of a list so many pages on."""
    query = {"state": "done"} if tasks.is_done else {}
    return f"?{urlencode({**query, 'page': tasks.page + pages})}"
