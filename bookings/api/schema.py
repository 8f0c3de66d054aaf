"""The OpenAPI document.

Made once per process from the views' own shapes, with the problems that each may answer.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers

from bookings.api.fields import Shown
from bookings.web.problems import CONTENT_TYPE, TITLES

Handler = TypeVar("Handler", bound=Callable[..., Any])
Decorator = Callable[[Handler], Handler]
_COMPONENTS: Final = "#/components/schemas/"
_FIELDS: Final = "fields"
IDEMPOTENCY: Final = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 80, "pattern": "^[!-~]{1,80}$"},
    OpenApiParameter.HEADER,
    required=True,
    description=(
        "A new one for each new request. The same one again within seven days gets the first answer and "
        "nothing more; with another request it is refused (422)."
    ),
)
_ABOUT: Final = """
Search and read without a key. To sell, you need one (`Authorization: Bearer fbl_…`); ask us.

A sale is quote → hold → order → pay: the price of the quote is the price charged, or you get a 409 and
nothing has changed. An order that is not paid lapses at its `pay_by`. Money is rand, as text with two
decimals; times carry their date and offset: an arrival, a `pay_by` or the check-in half an hour before a
coach can be of another day than the departure.

Lists come in pages (`page`, `page_size` up to 100) with links `next` and `previous`. Each refusal is
problem details (RFC 9457) with a `type`, a `detail` for people, and `errors` by field where the request
itself is wrong.
"""


def fields_of(shape: type[Shown]) -> OpenApiParameter:
    """The parameter by which fields of the shape are chosen."""
    names = {"type": "array", "minItems": 1, "items": {"type": "string", "enum": list(shape().fields)}}
    description = "Names of the fields to answer, with commas; all of them where it is left out"
    return OpenApiParameter(_FIELDS, names, description=description, explode=False)


def documented(*, methods: Sequence[str] = (), parameters: Sequence[Any] = (), **options: Any) -> Decorator:
    """What the document says of a view, or of some of its methods.

    No other parameters of the address are taken there than those that it names.
    """
    names = tuple(_parameter_names(parameters))

    def decorate(handler: Handler) -> Handler:
        read_by_access: Any = handler
        of_methods = methods or [method.upper() for method in read_by_access.cls.http_method_names]
        read_by_access.parameters = {
            **getattr(handler, "parameters", {}),
            **dict.fromkeys(of_methods, names),
        }
        return extend_schema(methods=methods or None, parameters=list(parameters), **options)(handler)

    return decorate


def _parameter_names(parameters: Sequence[Any]) -> Iterator[str]:
    for parameter in parameters:
        if not isinstance(parameter, OpenApiParameter):
            yield from parameter().fields
        elif parameter.location == OpenApiParameter.QUERY:
            yield parameter.name


def page_of(shape: type[Shown], *, by_cursor: bool = False) -> type[serializers.Serializer]:
    """The shape of a page of things, perhaps with the cursor of those that follow."""
    fields: dict[str, serializers.Field] = {
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": shape(many=True),
    }
    if by_cursor:
        fields["next_cursor"] = serializers.CharField(
            allow_null=True, help_text="Send it as `cursor` for the next page; null at the end"
        )
    return _page_class(shape, fields)


def _page_class(shape: type[Shown], fields: dict[str, Any]) -> type[serializers.Serializer]:
    return type(f"{shape.__name__.removesuffix('Shape')}Page", (serializers.Serializer,), fields)


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = "bookings.api.access.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "Your API key, fbl_…"}


_PROBLEM: Final = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "seats": {"type": "array", "items": {"type": "string"}, "description": "Labels that are gone"},
        "nearest": {"type": "array", "items": {"type": "string"}, "description": "Free seats close to them"},
        "free": {"type": "integer", "description": "Seats that are still free"},
        "order": {"type": "string", "description": "Your order that has this reference"},
    },
}
_ANYBODY: Final = (400, 404, 422, 429, 500, 503)
_WITH_KEY: Final = (401, 403, 409)
_WITH_BODY: Final = (413, 415)


def complete(
    result: dict[str, Any], generator: SchemaGenerator, request: Any, public: bool
) -> dict[str, Any]:
    """What the generator cannot know."""
    _add_problems(result)
    _add_parts(result)
    _drop_empty_defaults(result)
    for name, component in result["components"]["schemas"].items():
        if name.endswith("Request"):
            component["additionalProperties"] = False  # see unknown.py
    return result


def _add_problems(result: dict[str, Any]) -> None:
    """Every operation says which problems it may answer, and that HTTP caches may answer 304."""
    result["components"]["schemas"]["Problem"] = _PROBLEM
    for path in result["paths"].values():
        for method, operation in path.items():
            keyed = any("apiKey" in scheme for scheme in operation.get("security", []))
            codes = [
                *_ANYBODY,
                *(_WITH_KEY if keyed else ()),
                *(_WITH_BODY if "requestBody" in operation else ()),
            ]
            for code in sorted(codes):
                operation["responses"][str(code)] = _problem_answer(code)
            operation["summary"] = operation.get("description", "").partition(".")[0]
            if method == "get":
                operation["responses"]["304"] = {"description": "Nothing has changed"}


def _add_parts(result: dict[str, Any]) -> None:
    """Answers have all of their properties; those that `fields` chose from are another shape, with some."""
    schemas = result["components"]["schemas"]
    for path in result["paths"].values():
        for operation in path.values():
            if any(parameter["name"] == _FIELDS for parameter in operation.get("parameters", [])):
                content = operation["responses"]["200"]["content"]["application/json"]
                part = _part_of(content["schema"]["$ref"].removeprefix(_COMPONENTS), schemas)
                content["schema"] = {"anyOf": [content["schema"], {"$ref": f"{_COMPONENTS}{part}"}]}


def _part_of(name: str, schemas: dict[str, Any]) -> str:
    """The name of the component that is this one with some of its properties, or a page of such."""
    whole, shape = schemas[name], name.removesuffix("Page")
    if shape == name:
        some = {key: value for key, value in whole.items() if key != "required"}
        schemas[f"{shape}Part"] = {**some, "description": "What `fields` chose"}
        return f"{shape}Part"
    results = {"type": "array", "items": {"$ref": f"{_COMPONENTS}{_part_of(shape, schemas)}"}}
    schemas[f"{shape}PartPage"] = {**whole, "properties": {**whole["properties"], "results": results}}
    return f"{shape}PartPage"


def _drop_empty_defaults(part: Any) -> None:
    """Left out is left out: an empty text is mostly no value that could be sent."""
    if isinstance(part, dict):
        if part.get("default") == "":
            del part["default"]
        for inner in part.values():
            _drop_empty_defaults(inner)
    elif isinstance(part, list):
        for inner in part:
            _drop_empty_defaults(inner)


def _problem_answer(code: int) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": str(TITLES[code]),
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if code in (429, 503):
        answer["headers"] = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}}
    return answer


@cache
def document() -> bytes:
    generator: Any = SchemaGenerator
    schema = generator(api_version="v1").get_schema(request=None, public=True)
    schema["info"]["description"] = _ABOUT.strip()
    return json.dumps(schema, default=str, ensure_ascii=False).encode()
