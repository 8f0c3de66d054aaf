"""Of which branch something is."""

from django.db.models import Q


def of_branch(field: str, branch: int | None) -> Q:
    """Rows whose `field` is this branch; 0: those of none, None: all."""
    if branch is None:
        return Q()
    return Q(**{field: branch}) if branch else Q(**{f"{field}__isnull": True})
