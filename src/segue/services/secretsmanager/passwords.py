"""Random passwords.

Source: API reference, GetRandomPassword (lengths, characters, what excludes what).
"""

from __future__ import annotations

import string
from random import Random
from typing import Any

from segue.api import Call
from segue.errors import AwsError
from segue.services.secretsmanager.service import SERVICE

_KINDS = (
    ("ExcludeLowercase", string.ascii_lowercase),
    ("ExcludeUppercase", string.ascii_uppercase),
    ("ExcludeNumbers", string.digits),
    ("ExcludePunctuation", string.punctuation),
)
_USUAL_LENGTH = 32


@SERVICE.operation("GetRandomPassword", reads=True)
def get_random_password(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """A password, by default of 32 characters, with at least one of each kind that is not excluded."""
    length, excluded = params.get("PasswordLength", _USUAL_LENGTH), params.get("ExcludeCharacters") or ""
    kinds = [characters for name, characters in _KINDS if not params.get(name)]
    if params.get("IncludeSpace"):
        kinds.append(" ")
    kinds = [left for left in ("".join(one for one in kind if one not in excluded) for kind in kinds) if left]
    if not kinds:
        raise AwsError("InvalidParameterException", "The password would have no characters: all are excluded.")
    each = params.get("RequireEachIncludedType", True)
    if each and length < len(kinds):
        raise AwsError("InvalidParameterException", "The password is too short to have a character of each type.")
    random = Random(call.tx.ids.token(32))
    found = [random.choice(kind) for kind in kinds] if each else []
    everything = "".join(kinds)
    found += [random.choice(everything) for _ in range(length - len(found))]
    random.shuffle(found)
    return {"RandomPassword": "".join(found)}
