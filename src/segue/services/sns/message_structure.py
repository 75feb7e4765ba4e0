"""``MessageStructure: json``: one message, a text for each protocol.

Source: conformance cases message_structure_json_exc, message_structure_json_to_sqs.
"""

from __future__ import annotations

import json

from segue.services.sns.arns import invalid


def bodies(message: str, structure: str | None) -> dict[str, str]:
    """The texts by protocol, ``default`` among them.

    Raises:
        AwsError: ``InvalidParameter``: not JSON, or no text for ``default``.
    """
    if structure is None:
        return {"default": message}
    if structure != "json":
        raise invalid(f"MessageStructure Reason: {structure} is not supported")
    try:
        document = json.loads(message)
    except (ValueError, RecursionError):
        raise invalid("Message Structure - JSON message body failed to parse") from None
    texts = (
        {name: text for name, text in document.items() if isinstance(text, str)} if isinstance(document, dict) else {}
    )
    if "default" not in texts:
        raise invalid("Message Structure - No default entry in JSON message body")
    return texts
