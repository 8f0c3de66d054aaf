from datetime import date, timedelta
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.domain.reconciliation.ledger_export import MOST_DAYS
from bookings.models import Account
from bookings.office.forms.approval import ApprovalFields
from bookings.web.fields import DayField

_MOST_BYTES: Final = 500_000


class StatementUpload(ApprovalFields):
    """A file of the card terminal or the bank, or its lines in the text field: there a mistake is put right
    and sent again, as a browser forgets which file was chosen. A second person signs it.
    """

    field_order = ("tender", "file", "lines")

    tender = forms.ChoiceField(
        label=_("What it is"),
        choices=[
            (Account.CARD.value, _("settlement of the card terminal")),
            (Account.EFT.value, _("list of the bank (EFT)")),
        ],
    )
    file = forms.FileField(label=_("CSV file"), required=False, allow_empty_file=True)
    lines = forms.CharField(
        label=_("or its lines, headings first"),
        required=False,
        strip=False,
        max_length=_MOST_BYTES,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        file = cleaned.get("file")
        if file is not None:
            if file.size > _MOST_BYTES:
                self.add_error("file", _("The file is larger than 500 kB. Split it by days."))
                return cleaned
            cleaned["lines"] = _decoded(file.read())
        elif not cleaned.get("lines", "").strip() and "lines" not in self.errors:
            self.add_error("file", _("Choose a file, or paste its lines below."))
        return cleaned

    def keep_lines(self) -> None:
        """Show the file's lines in the text field, so that nothing has to be chosen again."""
        self.data = {**self.data, "lines": self.cleaned_data.get("lines", "")}


class ExportPeriod(forms.Form):
    """The days whose postings are exported, both within; the month before this one unless said."""

    first = DayField(label=_("From"))
    last = DayField(label=_("Until"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("This is before the first day."))
        elif first and last and (last - first).days >= MOST_DAYS:
            self.add_error("last", _("Choose at most %(days)d days.") % {"days": MOST_DAYS})
        return cleaned

    @classmethod
    def last_month(cls, today: date) -> dict[str, str]:
        last = today.replace(day=1) - timedelta(days=1)
        return {"first": last.replace(day=1).isoformat(), "last": last.isoformat()}


def _decoded(content: bytes) -> str:
    """Banks write UTF-8, with a mark before it or not, or what Windows writes."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
