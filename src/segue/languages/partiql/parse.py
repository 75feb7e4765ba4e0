"""From a statement's text and parameters to what it means, by recursive descent."""

from __future__ import annotations

from collections.abc import Sequence

from segue.languages.expressions import ExpressionError, Value
from segue.languages.expressions.nodes import (
    Action,
    Arithmetic,
    Between,
    Both,
    Comparison,
    Condition,
    Either,
    Element,
    Function,
    In,
    Literal,
    Not,
    Operand,
    Path,
)
from segue.languages.partiql.statements import Delete, Exists, Insert, Select, Statement, Update
from segue.languages.partiql.tokens import malformed
from segue.languages.partiql.words import Words

MAX_OPERATORS = 300
_COMPARATORS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_FUNCTIONS = ("attribute_type", "begins_with", "contains", "size")
_OF_UPDATES = ("list_append", "set_add", "set_delete")
_RETURNING = {
    ("ALL", "OLD"): "ALL_OLD",
    ("MODIFIED", "OLD"): "UPDATED_OLD",
    ("ALL", "NEW"): "ALL_NEW",
    ("MODIFIED", "NEW"): "UPDATED_NEW",
}


def parse(text: str, parameters: Sequence[Value] = ()) -> Statement:
    """The statement, its ``?`` replaced by the parameters.

    Raises:
        ExpressionError: it is none that DynamoDB takes, or has not as many ``?`` as there are parameters.
    """
    parser = _Parser(text, parameters)
    statement = parser.statement()
    if parser.token.kind != "end":
        raise parser.unexpected()
    if parser.used != len(parameters):
        raise ExpressionError("Number of parameters in request and statement don't match.")
    return statement


class _Parser(Words):
    def __init__(self, text: str, parameters: Sequence[Value]) -> None:
        super().__init__(text, parameters)
        self.operators = 0

    def count_operator(self) -> None:
        self.operators += 1
        if self.operators > MAX_OPERATORS:
            raise malformed(f"it has more than {MAX_OPERATORS} operators")

    # statements

    def statement(self) -> Statement:
        match self.take("SELECT", "INSERT", "UPDATE", "DELETE", "EXISTS"):
            case "SELECT":
                return self.select()
            case "INSERT":
                self.expect("INTO")
                table = self.name()
                self.expect("VALUE")
                item = self.value()
                if "M" not in item:
                    raise malformed("the VALUE of an INSERT is a map")
                return Insert(table, item["M"])
            case "UPDATE":
                return self.update()
            case "DELETE":
                self.expect("FROM")
                table = self.name()
                self.expect("WHERE")
                return Delete(table, self.either(), self.returning())
            case "EXISTS":
                self.expect("(", "SELECT")
                select = self.select()
                self.expect(")")
                return Exists(select)
        raise self.unexpected()

    def select(self) -> Select:
        paths = None if self.take("*") else tuple(self.many(self.path))
        self.expect("FROM")
        table = self.name()
        index = self.name() if self.take(".") else None
        condition = self.either() if self.take("WHERE") else None
        order: list[tuple[str, bool]] = []
        if self.take("ORDER"):
            self.expect("BY")
            order = self.many(self.ordering)
        return Select(table, index, paths, condition, tuple(order))

    def ordering(self) -> tuple[str, bool]:
        name = self.name()
        return name, self.take("ASC", "DESC") == "DESC"

    def update(self) -> Update:
        table = self.name()
        actions: list[Action] = []
        while section := self.take("SET", "REMOVE"):
            actions += self.many(self.set_action if section == "SET" else self.remove_action)
        if not actions:
            raise self.unexpected()
        self.expect("WHERE")
        return Update(table, tuple(actions), self.either(), self.returning())

    def set_action(self) -> Action:
        path = self.path()
        self.expect("=")
        change = self.sum()
        if isinstance(change, Function) and change.name in ("set_add", "set_delete"):
            if len(change.arguments) != 2 or change.arguments[0] != path:
                raise malformed(f"{change.name} takes the attribute that is set, and a set")
            return Action("ADD" if change.name == "set_add" else "DELETE", path, change.arguments[1])
        return Action("SET", path, change)

    def remove_action(self) -> Action:
        return Action("REMOVE", self.path())

    def returning(self) -> str | None:
        if not self.take("RETURNING"):
            return None
        found = _RETURNING.get((self.take("ALL", "MODIFIED"), self.take("OLD", "NEW")))
        if found is None:
            raise self.unexpected()
        self.expect("*")
        return found

    # conditions

    def either(self) -> Condition:
        condition = self.both()
        while self.take("OR"):
            self.count_operator()
            condition = Either(condition, self.both())
        return condition

    def both(self) -> Condition:
        condition = self.negation()
        while self.take("AND"):
            self.count_operator()
            condition = Both(condition, self.negation())
        return condition

    def negation(self) -> Condition:
        if self.take("NOT"):
            self.deeper()
            condition: Condition = Not(self.negation())
            self.depth -= 1
            return condition
        if self.take("("):
            self.deeper()
            condition = self.either()
            self.expect(")")
            self.depth -= 1
            return condition
        return self.comparison()

    def comparison(self) -> Condition:
        self.count_operator()
        left = self.operand()
        if comparator := self.take(*_COMPARATORS):
            return Comparison(_COMPARATORS[comparator], left, self.operand())
        if self.take("BETWEEN"):
            low = self.operand()
            self.expect("AND")
            return Between(left, low, self.operand())
        negated = self.take("NOT")
        if self.take("IN"):
            closing = {"[": "]", "(": ")"}.get(self.take("[", "("))
            if closing is None:
                raise self.unexpected()
            choices = tuple(self.many(self.operand))
            self.expect(closing)
            return Not(In(left, choices)) if negated else In(left, choices)
        if not negated and self.take("IS"):
            return self.existence(left)
        if negated or not isinstance(left, Function) or left.name == "size":
            raise self.unexpected()
        return left

    def existence(self, operand: Operand) -> Condition:
        negated = bool(self.take("NOT"))
        if self.take("MISSING"):
            return Function("attribute_exists" if negated else "attribute_not_exists", (operand,))
        self.expect("NULL")
        condition = Function("attribute_type", (operand, Literal({"S": "NULL"})))
        return Not(condition) if negated else condition

    # operands

    def sum(self) -> Operand:
        left = self.operand()
        if operator := self.take("+", "-"):
            return Arithmetic(operator, left, self.operand())
        return left

    def operand(self) -> Operand:
        token, following = self.token, self.tokens[min(self.at + 1, len(self.tokens) - 1)]
        is_name = token.kind == "quoted" or (token.kind == "word" and token.keyword not in ("TRUE", "FALSE", "NULL"))
        if not is_name:
            return Literal(self.value())
        if token.kind == "word" and following.keyword == "(":
            return self.function()
        return self.path()

    def function(self) -> Function:
        name = self.name().lower()
        if name not in _FUNCTIONS + _OF_UPDATES:
            raise malformed(f"Unknown function: {name}")
        self.expect("(")
        self.deeper()
        self.count_operator()
        arguments = tuple(self.many(self.operand))
        self.expect(")")
        self.depth -= 1
        return Function(name, arguments)

    def path(self) -> Path:
        elements: list[Element] = [self.name()]
        while True:
            if self.take("."):
                elements.append(self.name())
            elif self.take("["):
                token = self.token
                if token.kind == "number" and token.text.isdigit():
                    elements.append(int(token.text[:10]))
                elif token.kind == "text":
                    elements.append(token.text)
                else:
                    raise self.unexpected()
                self.at += 1
                self.expect("]")
            else:
                return Path(tuple(elements), checked=False)
