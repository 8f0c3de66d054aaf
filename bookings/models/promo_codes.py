from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .fares import FareClass
from .network import Line


class PromoCode(models.Model):
    """What a customer types for a discount, with the rules that it holds by.

    `uses` is how many unpaid or paid orders have it: `domain.sales.promo_codes` alone counts.
    """

    class Kind(models.TextChoices):
        PERCENT = "percent", _("percent")
        RAND = "rand", _("rand")

    class Funder(models.TextChoices):
        COMPANY = "company", _("the company")
        PARTNER = "partner", _("a partner")

    code = models.CharField(_("code"), max_length=20)  # as pages show it
    plain_code = models.CharField(max_length=20)  # base.codes.normal_code: look-alikes are the same code
    kind = models.CharField(_("discount in"), max_length=7, choices=Kind, default=Kind.PERCENT)
    value = models.DecimalField(_("discount"), max_digits=8, decimal_places=2)
    minimum = models.DecimalField(_("minimum order in rand"), max_digits=8, decimal_places=2, default=0)
    sale_from = models.DateField(_("sold from"), null=True, blank=True)  # each day as the trip's start has it
    sale_to = models.DateField(_("sold until"), null=True, blank=True)
    travel_from = models.DateField(_("travel from"), null=True, blank=True)
    travel_to = models.DateField(_("travel until"), null=True, blank=True)
    lines = models.ManyToManyField(Line, blank=True, related_name="+", verbose_name=_("lines"))  # none: all
    classes = models.ManyToManyField(FareClass, blank=True, related_name="+", verbose_name=_("classes"))
    # A column for each value of Channel
    for_web = models.BooleanField(_("on the website"), default=True, db_default=True)
    for_counter = models.BooleanField(_("at the counter"), default=False, db_default=False)
    for_api = models.BooleanField(_("through the API"), default=False, db_default=False)
    max_uses = models.IntegerField(_("orders in total"), null=True, blank=True)
    max_uses_of_contact = models.IntegerField(_("orders of one e-mail address"), null=True, blank=True)
    uses = models.IntegerField(default=0)
    funder = models.CharField(_("paid for by"), max_length=7, choices=Funder, default=Funder.COMPANY)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["plain_code"], name="unique_promo_code"),
            models.CheckConstraint(
                condition=Q(kind="rand", value__gt=0) | Q(kind="percent", value__gt=0, value__lte=100),
                name="promo_code_value",
                violation_error_message=_("Enter a discount above 0, and of at most 100 percent."),
            ),
            models.CheckConstraint(condition=Q(funder__in=["company", "partner"]), name="promo_code_funder"),
            models.CheckConstraint(
                condition=Q(uses__gte=0) & (Q(max_uses=None) | Q(max_uses__gte=F("uses"))),
                name="promo_code_uses",
            ),
        ]

    def __str__(self) -> str:
        return self.code
