"""Requests that schemathesis makes of our own OpenAPI document, for one operation at a time.

Its plugin of pytest makes those of all operations while tests are collected, in each worker.
"""

from collections.abc import Callable
from typing import Any, Final

import schemathesis
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.specs.openapi import checks

from falcon_web.wsgi import application

_DOCUMENT: Final = schemathesis.openapi.from_wsgi("/api/v1/schema/", application)
_VALUES: Final = FeedbackSources(constants_value_source=make_constants_value_source(_DOCUMENT))
# A request that is in order by the document may be refused only for what is not there
ANY_REFUSAL: Final = checks.positive_data_acceptance
# A request that is not in order must be refused
ACCEPTED_WRONG: Final = checks.negative_data_rejection


def send_requests(method: str, path: str, send: Callable[[Any], None]) -> None:
    """Let `send` have each request to an operation; its Hypothesis settings say how many."""
    build_operation_test(
        config=_DOCUMENT.config,
        operation=_DOCUMENT[path][method],
        test_func=send,
        given_kwargs={},
        feedback=_VALUES,
    )()
