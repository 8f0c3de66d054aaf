import pytest


@pytest.fixture(autouse=True)
def _still(request: pytest.FixtureRequest) -> None:
    """Pages are kept by the minute and searched by the day.

    A browser has a clock of its own, which goes on.
    """
    if "page" not in request.fixturenames:
        request.getfixturevalue("still")
