"""DynamoDB's expressions: parsed once by text, bound to a request's names and values, compiled to closures over items.

Pure: no store, no clock. Values are the wire's (``{"N": "1"}``), numbers canonical, binaries ``bytes``.
"""

from segue.languages.expressions.binding import Binding, Elements
from segue.languages.expressions.conditions import Predicate, compile_condition
from segue.languages.expressions.errors import ExpressionError
from segue.languages.expressions.keyconditions import KeyCondition, compile_key_condition
from segue.languages.expressions.keys import after_prefix, encode_key
from segue.languages.expressions.parse import parse_condition, parse_projection, parse_update
from segue.languages.expressions.projections import Projector, compile_projection, projector
from segue.languages.expressions.updates import Update, compile_update
from segue.languages.expressions.values import Item, Value, equal, normalize, normalize_item, type_of

__all__ = [
    "Binding",
    "Elements",
    "ExpressionError",
    "Item",
    "KeyCondition",
    "Predicate",
    "Projector",
    "Update",
    "Value",
    "after_prefix",
    "compile_condition",
    "compile_key_condition",
    "compile_projection",
    "compile_update",
    "encode_key",
    "equal",
    "normalize",
    "normalize_item",
    "parse_condition",
    "parse_projection",
    "parse_update",
    "projector",
    "type_of",
]
