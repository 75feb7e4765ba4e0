"""PartiQL, as far as DynamoDB takes it: one statement's text and parameters, parsed into the expressions' nodes. Pure.

Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.statements.html
"""

from segue.languages.partiql.conditions import conjuncts, equalities
from segue.languages.partiql.parse import parse
from segue.languages.partiql.statements import Delete, Exists, Insert, Select, Statement, Update

__all__ = ["Delete", "Exists", "Insert", "Select", "Statement", "Update", "conjuncts", "equalities", "parse"]
