from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class TimetableDraft(models.Model):
    """Changes of the timetable that are collected, looked at and published together, or dropped."""

    version = models.IntegerField(default=0)  # the number of its latest change
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    created_at = models.DateTimeField()
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    published_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("draft of the timetable")
        verbose_name_plural = _("drafts of the timetable")
        constraints = [
            models.CheckConstraint(
                condition=Q(published_at=None) | Q(dropped_at=None), name="draft_published_or_dropped"
            ),
            models.CheckConstraint(condition=Q(version__gte=0), name="draft_version_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.published_at is None and self.dropped_at is None


class DraftChange(models.Model):
    """A step of a draft. Of each subject its latest step counts; taking the latest away undoes it.

    `data` is the sheet that was typed (domain.timetable.drafts.sheets), None where the subject was taken out
    of the draft again. `base` is the same as it was published when the draft took the subject up, None for a
    new one.
    """

    class Kind(models.TextChoices):
        ROUTE = "route", _("route")
        SERVICE = "service", _("service")
        FARES = "fares", _("fares")
        DEPARTURE = "departure", _("extra departure")

    draft = models.ForeignKey(TimetableDraft, models.CASCADE, related_name="changes", db_index=False)
    number = models.IntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    subject = models.CharField(max_length=40)  # route:12; route:new-3 is what step 3 added
    data = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    base = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ["draft", "number"]
        verbose_name = _("step of a draft")
        verbose_name_plural = _("steps of drafts")
        constraints = [
            models.UniqueConstraint(fields=["draft", "number"], name="unique_draft_step"),
            models.CheckConstraint(
                condition=Q(kind__in=["route", "service", "fares", "departure"]), name="draft_step_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.draft_id}#{self.number} {self.subject}"


class AuditEntry(models.Model):
    """Who changed what of the reference data from what to what; append-only."""

    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    subject = models.CharField(max_length=40)  # stop:12
    title = models.CharField(max_length=250)  # as people call it
    before = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)  # None: it is new
    after = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)  # None: it was taken away
    draft = models.ForeignKey(
        TimetableDraft, models.PROTECT, null=True, blank=True, related_name="audit", db_index=False
    )

    class Meta:
        ordering = ["-id"]
        verbose_name = _("change of reference data")
        verbose_name_plural = _("changes of reference data")
        indexes = [
            models.Index(fields=["subject"], name="audit_subject_idx"),
            models.Index(fields=["at"], name="audit_at_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.at:%Y-%m-%d %H:%M}"
