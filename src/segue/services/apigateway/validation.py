"""What a method wants of its requests: parameters, and bodies that fit a model (JSON schema, draft 4).

Source: API Gateway developer guide, "Request validation for REST APIs" and "Data models for REST APIs". Regular
expressions of models are matched in linear time; references lead to the API's own models only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from segue.api.mapping_values import json_or_none
from segue.languages.regexes import InvalidRegex, Regex
from segue.services.apigateway.entered import Entered


def complaint(entered: Entered) -> tuple[str, str] | None:
    """What is wrong with a request (which gateway response, which words); ``None`` where nothing is."""
    method = entered.method
    validator = entered.content.get("requestValidators", {}).get(method.get("requestValidatorId") or "")
    if validator is None:
        return None
    if validator.get("validateRequestParameters"):
        wanted = [name for name, required in (method.get("requestParameters") or {}).items() if _is(required)]
        missing = [name for name in wanted if not entered.value(name)]
        if missing:
            names = ", ".join(name.split(".", 3)[-1] for name in missing)
            return "BAD_REQUEST_PARAMETERS", f"Missing required request parameters: [{names}]"
    if validator.get("validateRequestBody") and not _body_fits(entered):
        return "BAD_REQUEST_BODY", "Invalid request body"
    return None


def _is(required: Any) -> bool:
    return required is True or str(required).lower() == "true"


def _body_fits(entered: Entered) -> bool:
    models = entered.method.get("requestModels") or {}
    kind = entered.visit.request.header("content-type", "application/json").partition(";")[0].strip()
    name = models.get(kind) or models.get("$default")
    if not name:
        return True
    model = entered.content.get("models", {}).get(name)
    if model is None or not model.get("schema"):
        return True
    value = json_or_none(entered.text)
    if value is None and entered.text.strip() != "null":
        return False
    known = {one["name"]: one.get("schema", "") for one in entered.content["models"].values()}
    return fits(model["schema"], value, tuple(sorted(known.items())))


def fits(schema: str, value: Any, models: tuple[tuple[str, str], ...] = ()) -> bool:
    """Whether a value fits a model.

    Args:
        schema: JSON schema, as text.
        models: the API's models by name, for references.
    """
    try:
        found = next(_validator(schema, models).iter_errors(value), None)
    except (RecursionError, InvalidRegex):
        return False
    except Exception as error:  # what the schema's own library finds wrong with the schema
        if type(error).__module__.partition(".")[0] in ("jsonschema", "referencing"):
            return False
        raise
    return found is None


@lru_cache(maxsize=256)
def _validator(schema: str, models: tuple[tuple[str, str], ...]) -> Any:
    from jsonschema import Draft4Validator, validators  # type: ignore[import-untyped]
    from jsonschema.exceptions import ValidationError  # type: ignore[import-untyped]
    from referencing import Registry, Resource
    from referencing.exceptions import NoSuchResource
    from referencing.jsonschema import DRAFT4

    known = dict(models)

    def own_model(uri: str) -> Any:
        text = known.get(uri.rpartition("/")[2])
        if text is None:
            raise NoSuchResource(ref=uri)  # type: ignore[call-arg]
        return Resource.from_contents(_schema(text), default_specification=DRAFT4)

    def pattern(validator: Any, wanted: str, instance: Any, _: Any) -> Iterator[Any]:
        if isinstance(instance, str) and not _regex(wanted).is_in(instance):
            yield ValidationError("does not match")

    def pattern_properties(validator: Any, wanted: dict[str, Any], instance: Any, _: Any) -> Iterator[Any]:
        if isinstance(instance, dict):
            for expression, inner in wanted.items():
                for name, value in instance.items():
                    if _regex(expression).is_in(name):
                        yield from validator.descend(value, inner, path=name, schema_path=expression)

    linear = validators.extend(Draft4Validator, {"pattern": pattern, "patternProperties": pattern_properties})
    return linear(_schema(schema), registry=Registry(retrieve=own_model))  # type: ignore[call-arg]


def _schema(text: str) -> Any:
    found = json.loads(text)
    if isinstance(found, dict):
        found.pop("$schema", None)
        found.pop("id", None)
    return found


@lru_cache(maxsize=256)
def _regex(text: str) -> Regex:
    return Regex(text)
