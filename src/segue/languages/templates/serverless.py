"""``AWS::Serverless-2016-10-31``: a SAM template as plain CloudFormation, by AWS's own translator.

The translator (``aws-sam-translator``) is a third of a second and forty megabytes to import, and a tenth of a second
for a template of thirty functions. So it is imported only when it is used, and the server has it in a process of its
own (``worker/serverless.py``): ``python -m segue.languages.templates.serverless`` reads requests from its standard
input and answers on its standard output, each as four bytes of length and JSON, until the input ends.

It asks nobody: the region is told to it, the names of AWS's managed policies are in the package, and there is no
Serverless Application Repository here.

Source: https://github.com/aws/serverless-application-model and CloudFormation user guide, "AWS::Serverless transform".
"""

from __future__ import annotations

import copy
import json
import logging
import sys
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, BinaryIO

from segue.languages.templates.errors import TemplateError

NAME = "AWS::Serverless-2016-10-31"
_FAILED = f"Transform {NAME} failed with: "
_APPLICATION = "AWS::Serverless::Application"


def expand_serverless(document: dict[str, Any], values: Mapping[str, Any], region: str) -> dict[str, Any]:
    """A template with its serverless resources replaced by what they stand for.

    Args:
        document: the template; it stays as it is.
        values: of the parameters (``AWS::Region`` and ``AWS::Partition`` come from the region).
        region: ``eu-west-1``.

    Raises:
        TemplateError: the template is not as SAM wants it.
    """
    from samtranslator.metrics.metrics import DummyMetricsPublisher, Metrics
    from samtranslator.model.exceptions import InvalidDocumentException
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator
    from samtranslator.utils.py27hash_fix import to_py27_compatible_template, undo_mark_unicode_str_in_template

    logging.getLogger("samtranslator").setLevel(logging.CRITICAL)  # it tells of its own features, not of templates
    _refuse_applications(document)
    document = copy.deepcopy(document)
    given = {name: copy.deepcopy(value) for name, value in values.items() if not name.startswith("AWS::")}
    metrics = Metrics("Segue", DummyMetricsPublisher())
    try:
        to_py27_compatible_template(document, given)
        translator = Translator(None, Parser(), boto_session=SimpleNamespace(region_name=region), metrics=metrics)
        made = translator.translate(document, parameter_values=given, get_managed_policy_map=dict)
        return dict(undo_mark_unicode_str_in_template(made))
    except InvalidDocumentException as error:
        raise TemplateError(_FAILED + " ".join((error.message, *(cause.message for cause in error.causes)))) from None
    except Exception as error:  # the translator's own mistake about a template that nobody foresaw
        logging.getLogger(__name__).warning("the serverless transform broke: %r", error, exc_info=True)
        raise TemplateError(f"Transform {NAME} failed without an error message.") from None
    finally:
        metrics.publish()


def _refuse_applications(document: dict[str, Any]) -> None:
    resources = document.get("Resources")
    for name, resource in (resources if isinstance(resources, dict) else {}).items():
        if isinstance(resource, dict) and resource.get("Type") == _APPLICATION:
            properties = resource.get("Properties")
            if isinstance(properties, dict) and isinstance(properties.get("Location"), dict):
                raise TemplateError(
                    f"{_FAILED}Resource with id [{name}] is invalid. Segue has no Serverless Application Repository: "
                    "'Location' has to be the URL of a template."
                )


def answer(request: bytes) -> bytes:
    """One request of the process: ``{"document", "values", "region"}``, answered with ``{"document"}`` or
    ``{"error"}``."""
    asked = json.loads(request)
    try:
        made: dict[str, Any] = {"document": expand_serverless(asked["document"], asked["values"], asked["region"])}
    except TemplateError as error:
        made = {"error": error.message}
    return json.dumps(made).encode()


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more requests."""
    while length := requests.read(4):
        made = answer(requests.read(int.from_bytes(length, "big")))
        answers.write(len(made).to_bytes(4, "big") + made)
        answers.flush()


if __name__ == "__main__":
    channel = sys.stdout.buffer
    sys.stdout = sys.stderr  # whoever prints does not disturb the answers
    serve(sys.stdin.buffer, channel)
