from django.db import models


class ReferenceDataVersion(models.Model):
    """One row; none while there is no reference data.

    Triggers give it a new value with every change to that data.
    """

    value = models.CharField(max_length=36, db_column="mark")

    class Meta:
        db_table = "bookings_cataloguemark"

    def __str__(self) -> str:
        return self.value
