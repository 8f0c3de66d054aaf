import pytest

from bookings import tasks


@pytest.fixture(autouse=True)
def _queue_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that these tests promise may hang on a nudge that arrives."""
    monkeypatch.setattr(tasks, "nudge", lambda task, *args: None)
