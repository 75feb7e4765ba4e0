"""What a method wants of its requests: parameters, and bodies that fit a model (JSON schema, draft 4).

Source: API Gateway developer guide, "Request validation for REST APIs" and "Data models for REST APIs". Regular
expressions of models are matched in linear time; references lead to the API's own models only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from segue.api.mapping_values import json_or_none
from segue.languages.regexes import InvalidRegex, Regex
from segue.services.apigateway.entered import Entered

_MOST_MISFITS = 20


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a request: which gateway response, in which words, and what of the body does not fit
    (``$context.error.validationErrorString``).
    """

    kind: str
    words: str
    details: str


def complaint(entered: Entered) -> Complaint | None:
    """What is wrong with a request; ``None`` where nothing is."""
    method = entered.method
    validator = entered.content.get("requestValidators", {}).get(method.get("requestValidatorId") or "")
    if validator is None:
        return None
    if validator.get("validateRequestParameters"):
        wanted = [name for name, required in (method.get("requestParameters") or {}).items() if _is(required)]
        missing = [name for name in wanted if not entered.value(name)]
        if missing:
            names = ", ".join(name.split(".", 3)[-1] for name in missing)
            words = f"Missing required request parameters: [{names}]"
            return Complaint("BAD_REQUEST_PARAMETERS", words, words)
    if validator.get("validateRequestBody") and (found := _misfits(entered)) is not None:
        return Complaint("BAD_REQUEST_BODY", "Invalid request body", f"[{', '.join(found)}]")
    return None


def _is(required: Any) -> bool:
    return required is True or str(required).lower() == "true"


def _misfits(entered: Entered) -> list[str] | None:
    """In which ways the body does not fit its model; ``None`` where it does."""
    models = entered.method.get("requestModels") or {}
    kind = entered.visit.request.header("content-type", "application/json").partition(";")[0].strip()
    name = models.get(kind) or models.get("$default")
    model = entered.content.get("models", {}).get(name) if name else None
    if model is None or not model.get("schema"):
        return None
    value = json_or_none(entered.text)
    if value is None and entered.text.strip() != "null":
        return ["Parsed JSON text is null" if not entered.text.strip() else "Can not parse JSON document"]
    known = {one["name"]: one.get("schema", "") for one in entered.content["models"].values()}
    return misfits(model["schema"], value, tuple(sorted(known.items())))


def misfits(schema: str, value: Any, models: tuple[tuple[str, str], ...] = ()) -> list[str] | None:
    """In which ways a value does not fit a model, a few of them; ``None`` where it does.

    Args:
        schema: JSON schema, as text.
        models: the API's models by name, for references.
    """
    try:
        found = list(islice(_validator(schema, models).iter_errors(value), _MOST_MISFITS))
    except (RecursionError, InvalidRegex):
        return ["the model cannot be applied"]
    except Exception as error:  # what the schema's own library finds wrong with the schema
        if type(error).__module__.partition(".")[0] in ("jsonschema", "referencing"):
            return ["the model is not valid"]
        raise
    return list(dict.fromkeys(_told(error) for error in found)) or None


_WORDS = {
    "type": "instance type ({type}) does not match any allowed primitive type (allowed: {allowed})",
    "enum": "instance value ({found}) not found in enum (possible values: {wanted})",
    "minimum": "numeric instance is lower than the required minimum (minimum: {wanted}, found: {found})",
    "maximum": "numeric instance is greater than the required maximum (maximum: {wanted}, found: {found})",
    "minLength": "string {found} is too short (length: {length}, required minimum: {wanted})",
    "maxLength": "string {found} is too long (length: {length}, maximum allowed: {wanted})",
    "minItems": "array is too short: must have at least {wanted} elements but instance has {length} elements",
    "maxItems": "array is too long: must have at most {wanted} elements but instance has {length} elements",
    "pattern": "ECMA 262 regex {wanted} does not match input string {found}",
    "required": "object has missing required properties ({missing})",
    "additionalProperties": "object instance has properties which are not allowed by the schema: {unwanted}",
}
"""How a body does not fit, as the validator behind API Gateway says it, by keyword."""


def _told(error: Any) -> str:
    found, wanted = error.instance, error.validator_value
    names = found if isinstance(found, dict) else {}
    wanted_names = [str(name) for name in (wanted if isinstance(wanted, list) else [wanted])]
    return _WORDS.get(error.validator, "instance failed to match {keyword}").format(
        keyword=error.validator,
        found=_text(found),
        wanted=_text(wanted),
        type=_type(found),
        allowed=_text(sorted(wanted_names)),
        length=len(found) if isinstance(found, str | list) else 0,
        missing=_text(sorted(set(wanted_names) - set(names))),
        unwanted=_text(sorted(set(names) - set(error.schema.get("properties") or {}))),
    )


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= 1_000 else text[:1_000] + "…"


def _type(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    for kind, name in ((str, "string"), (int, "integer"), (float, "number"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"


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
