from django.db import models


class PublishedFile(models.Model):
    """A file that the queue makes and anybody may fetch.

    In the database, so that every web process gives the same one.
    """

    name = models.CharField(max_length=40, primary_key=True)
    body = models.BinaryField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    changed_at = models.DateTimeField(null=True)  # when it became what it is
    checked_at = models.DateTimeField(null=True)  # when it was last made, changed or not
    builder_until = models.DateTimeField(null=True)  # the lease of whoever is making it

    def __str__(self) -> str:
        return self.name
