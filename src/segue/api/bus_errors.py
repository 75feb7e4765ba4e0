"""What the dead letters of event buses call the errors of targets.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html (the codes; which error has which is
said by their names).
"""

from __future__ import annotations

from segue.errors import AwsError

_BY_WORD = (
    (("AccessDenied", "NotAuthorized", "Unauthorized"), "NO_PERMISSIONS"),
    (("NotFound", "DoesNotExist", "NonExistent", "NoSuch"), "NO_RESOURCE"),
    (("AlreadyExists",), "RESOURCE_ALREADY_EXISTS"),
    (("LimitExceeded", "QuotaExceeded", "TooLarge"), "RESOURCE_LIMIT_EXCEEDED"),
    (("Throttl", "TooManyRequests"), "THROTTLING"),
    (("Json", "MalformedDetail"), "INVALID_JSON"),
    (("LoopDetected",), "THIRD_ACCOUNT_HOP_DETECTED"),
    (("Invalid", "Validation", "MissingParameter"), "INVALID_PARAMETER"),
)


def bus_error_code(error: AwsError) -> str:
    """The code of an error; one that is in this form already stays."""
    if error.code.isupper():
        return error.code
    for words, code in _BY_WORD:
        if any(word in error.code for word in words):
            return code
    return "INTERNAL_ERROR" if error.status >= 500 else "SDK_CLIENT_ERROR"
