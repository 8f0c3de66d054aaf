from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

_ONLY = 1  # the key of the one row
_phone = RegexValidator(
    r"^\+?[0-9][0-9 ()-]{1,38}$", _("A telephone number as it is dialled, such as 010 123 4567 or 112.")
)


class Company(models.Model):
    """Who runs the site and the coaches: one row, or none yet.

    Pages, mails and papers take it from `domain.company.details.get_company`.
    """

    id = models.SmallIntegerField(primary_key=True, default=_ONLY, editable=False)
    trading_name = models.CharField(_("trading name"), max_length=120, help_text=_("On pages and papers"))
    legal_name = models.CharField(
        _("legal name"), max_length=160, blank=True, help_text=_("As registered, with (Pty) Ltd")
    )
    registration_number = models.CharField(
        _("registration number"),
        max_length=40,
        blank=True,
        help_text=_("Of the register of companies, such as 2019/123456/07"),
    )
    vat_number = models.CharField(
        _("VAT number"),
        max_length=10,
        blank=True,
        validators=[RegexValidator(r"^4[0-9]{9}$", _("Ten digits, of which the first is 4."))],
        help_text=_("Empty for a company that is not registered for VAT: it issues no tax invoices"),
    )
    address = models.TextField(
        _("address"), max_length=300, blank=True, help_text=_("Street, town and code, one line each")
    )
    postal_address = models.TextField(
        _("postal address"), max_length=300, blank=True, help_text=_("If post goes elsewhere")
    )
    phone = models.CharField(_("telephone"), max_length=40, blank=True, validators=[_phone])
    whatsapp = models.CharField(_("WhatsApp"), max_length=40, blank=True, validators=[_phone])
    emergency_phone = models.CharField(
        _("emergency number"),
        max_length=40,
        blank=True,
        validators=[_phone],
        help_text=_("For passengers who are under way, answered day and night"),
    )
    email = models.EmailField(_("e-mail"), blank=True)
    website = models.URLField(_("website"), blank=True)
    opening_hours = models.TextField(
        _("opening hours"), max_length=300, blank=True, help_text=_("Of the telephone, one line each")
    )
    information_officer = models.CharField(
        _("information officer"),
        max_length=120,
        blank=True,
        help_text=_("Who answers for personal information (POPIA)"),
    )
    about = models.TextField(
        _("about the company"), max_length=2000, blank=True, help_text=_("A few sentences for its own page")
    )
    terms_in_short = models.TextField(
        _("terms in short"),
        max_length=600,
        blank=True,
        help_text=_("One sentence a line; printed on receipts"),
    )
    bank_details = models.TextField(
        _("bank account"),
        max_length=300,
        blank=True,
        default="",
        db_default="",
        help_text=_("Where transfers (EFT) are paid to, one line each; printed on reservations"),
    )
    is_invented = models.BooleanField(
        _("invented"), default=False, help_text=_("A demonstration's: pages and papers say so")
    )

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("company")
        constraints = [models.CheckConstraint(condition=Q(id=_ONLY), name="company_is_one_row")]

    def __str__(self) -> str:
        return self.trading_name


class CompanySetting(models.Model):
    """What a manager entered for a setting of `domain.company.settings`, as text.

    Empty: the default again.
    """

    name = models.CharField(max_length=60, unique=True)
    value = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("setting")
        verbose_name_plural = _("settings")

    def __str__(self) -> str:
        return self.name
