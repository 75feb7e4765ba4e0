"""From a template's text and the caller's parameters to what is deployed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from segue.api import Call
from segue.api.serverless_effect import SERVERLESS, ServerlessAnswer, ServerlessRequest
from segue.arn import parse_arn
from segue.errors import AwsError
from segue.jobs import Outbound
from segue.languages.templates import (
    Instance,
    TemplateError,
    given_parameters,
    parameter_values,
    read_template,
    stored_names,
)
from segue.languages.templates.parameters import Parameter, read_parameters
from segue.services.cloudformation.facts import instance, pseudo_parameters
from segue.services.cloudformation.records import Stack, TemplateTexts
from segue.services.cloudformation.service import invalid
from segue.services.cloudformation.transforms import Untranslated, expanded, names_of_all


@dataclass(frozen=True, slots=True)
class Given:
    """A request's parameters: by name, and those that stay as they are."""

    texts: Mapping[str, str]
    previous: frozenset[str]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A template that can be deployed.

    Attributes:
        texts: as given, and after its transforms.
        parameters: the text of each.
        stored: by parameter, the value that the parameter store has for it.
        hidden: the parameters that are not shown.
        values: what ``Ref`` gives.
        instance: the template with these values.
        transforms: the names of those that the template had.
    """

    texts: TemplateTexts
    parameters: dict[str, str]
    stored: dict[str, str]
    hidden: list[str]
    values: dict[str, Any]
    instance: Instance
    transforms: list[str]


def given(params: list[dict[str, Any]]) -> Given:
    """The parameters of a request."""
    texts = {
        each["ParameterKey"]: each.get("ParameterValue", "") for each in params if not each.get("UsePreviousValue")
    }
    previous = frozenset(each["ParameterKey"] for each in params if each.get("UsePreviousValue"))
    return Given(texts, previous)


def prepared(
    call: Call, stack: Stack, text: str, wanted: Given, then: Callable[[Call, Prepared], Any]
) -> dict[str, Any] | Outbound:
    """Prepare a template for a stack, then go on: at once, or after a serverless template was translated elsewhere.

    ``stack.settings`` are the new ones, save ``parameters``, which are those until now.

    Raises:
        AwsError: ``ValidationError``; also when it goes on.
    """
    found = prepare(call, stack, text, wanted)
    if isinstance(found, Prepared):
        result: dict[str, Any] = then(call, found)
        return result

    def settle(later: Call, answer: ServerlessAnswer) -> dict[str, Any]:
        result: dict[str, Any] = then(later, after_translation(later, stack, text, wanted, answer))
        return result

    return Outbound(SERVERLESS, found, settle)


def after_translation(call: Call, stack: Stack, text: str, wanted: Given, answer: ServerlessAnswer) -> Prepared:
    """Prepare the template whose translation has come.

    Raises:
        AwsError: ``ValidationError``: it has failed, or it has come to nothing that can be deployed.
    """
    if answer.document is None:
        raise invalid(answer.error)
    found = prepare(call, stack, text, wanted, answer.document)
    assert isinstance(found, Prepared)
    return found


def prepare(
    call: Call, stack: Stack, text: str, wanted: Given, translated: dict[str, Any] | None = None
) -> Prepared | ServerlessRequest:
    """Read, expand and check a template with the parameters for a stack, or say what must be translated first.

    Raises:
        AwsError: ``ValidationError``.
    """
    try:
        return _prepare(call, stack, text, wanted, translated)
    except TemplateError as error:
        raise invalid(error.message) from None


def _prepare(
    call: Call, stack: Stack, text: str, wanted: Given, translated: dict[str, Any] | None
) -> Prepared | ServerlessRequest:
    document = read_template(text)
    section = document.get("Parameters")
    parameters = read_parameters({} if section is None else section)
    texts = given_parameters(parameters, wanted.texts, stack.settings.get("parameters"), wanted.previous)
    stored = stored_values(call, parameters, texts)
    values = parameter_values(parameters, texts, stored)
    pseudo = pseudo_parameters(stack)
    transforms = names_of_all(document)
    made = expanded(call, document, {**pseudo, **values}, translated)
    if isinstance(made, Untranslated):
        return ServerlessRequest(made.document, {**pseudo, **values}, parse_arn(stack.id).region)
    processed = as_json(made)
    return Prepared(
        TemplateTexts(text, processed),
        texts,
        stored,
        [name for name, parameter in parameters.items() if parameter.no_echo],
        values,
        instance(processed, values, pseudo),
        transforms,
    )


def as_json(document: Any) -> str:
    """A template as JSON, with integers of any size."""
    try:
        return orjson.dumps(document).decode()
    except TypeError:
        return json.dumps(document, separators=(",", ":"))


def stored_values(call: Call, parameters: Mapping[str, Parameter], texts: Mapping[str, str]) -> dict[str, str]:
    """What the parameter store has for the parameters that name something in it.

    Raises:
        AwsError: ``ValidationError``: it has not.
    """
    found, missing = {}, []
    for parameter, name in stored_names(parameters, texts).items():
        try:
            answer = call.perform_at_once("ssm:GetParameter", {"Name": name})
        except AwsError as error:
            if error.status == 501:
                raise
            missing.append(name)
            continue
        found[parameter] = str(answer["Parameter"]["Value"])
    if missing:
        raise invalid(f"Unable to fetch parameters [{','.join(missing)}] from parameter store for this account.")
    return found
