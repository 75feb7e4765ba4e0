"""What functions evaluate to.

Source: CloudFormation user guide, "Intrinsic function reference" and "Condition functions".
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from segue.languages.templates.cidr import subnets
from segue.languages.templates.errors import TemplateError, template_error
from segue.languages.templates.functions import (
    FUNCTIONS,
    GET_ATT_WORDS,
    get_att_arguments,
    sub_arguments,
    sub_parts,
    text_of,
)

MAX_MADE = 8_000_000
"""Characters and items that the functions of one resource may make: nested ones could double them at every level."""


class _NoValue:
    """``AWS::NoValue``: what has it is left out."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "AWS::NoValue"


NO_VALUE = _NoValue()

JOIN_WORDS = (
    "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or "
    "a function that returns a list of strings (such as Fn::GetAZs) to be joined."
)
SPLIT_WORDS = (
    "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a "
    "function that returns a string to be split."
)
SELECT_WORDS = "Fn::Select requires a list argument with two elements: an integer index and a list"
SELECT_INDEX_WORDS = "Fn::Select requires a list argument with a valid index value as its first element"
FIND_WORDS = (
    "every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value"
)
IF_WORDS = "Fn::If requires a list argument with three elements"
IF_CONDITION_WORDS = "Fn::If requires a list argument with the first element being a condition"
EQUALS_WORDS = "Fn::Equals requires a list argument with two elements"
NOT_WORDS = "Fn::Not requires a list argument with one element"
CIDR_WORDS = (
    "every Fn::Cidr object requires two or three parameters, (1) an IP address block, (2) the number of blocks and "
    "(3) the number of subnet bits"
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a stack and its surroundings.

    Attributes:
        physical_ids: by logical id, what ``Ref`` gives.
        attributes: by logical id, what ``Fn::GetAtt`` gives, by name; ``A.B`` is also found as ``B`` within ``A``.
        exports: what ``Fn::ImportValue`` gives, by name.
        zones: what ``Fn::GetAZs`` gives, by region.
        outputs: what ``Fn::GetStackOutput`` would give is not known here; reserved.
        unknown: what stands for physical ids and attributes that are not known yet; without it they are errors.
    """

    physical_ids: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    exports: Mapping[str, str] = field(default_factory=dict)
    zones: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unknown: str | None = None


class Evaluator:
    """Evaluates pieces of a template.

    Args:
        parameters: the values of parameters and pseudo-parameters.
        mappings: the section.
        condition: says whether the condition of this name holds.
        facts: of the stack.
        resources: the logical ids of resources.
    """

    def __init__(
        self,
        parameters: Mapping[str, Any],
        mappings: Mapping[str, Any],
        condition: Callable[[str], bool],
        facts: Facts,
        resources: Mapping[str, Any],
    ) -> None:
        self._parameters = parameters
        self._mappings = mappings
        self._condition = condition
        self._facts = facts
        self._resources = resources
        self._made = 0

    def evaluate(self, value: Any) -> Any:
        """A value with its functions evaluated; ``NO_VALUE`` if it is none at all.

        Raises:
            TemplateError: it cannot be.
        """
        if isinstance(value, dict):
            if len(value) == 1:
                name = next(iter(value))
                if name == "Ref" or name[:4] == "Fn::":
                    return self._call(name, value[name])
            made = {}
            for key, inner in value.items():
                if (given := self.evaluate(inner)) is not NO_VALUE:
                    made[key] = given
            return made
        if isinstance(value, list):
            items = [self.evaluate(item) for item in value]
            return [item for item in items if item is not NO_VALUE] if NO_VALUE in items else items
        return value

    def holds(self, expression: Any) -> bool:
        """Whether a condition's expression does.

        Raises:
            TemplateError: it is no expression.
        """
        if isinstance(expression, dict) and len(expression) == 1:
            ((name, argument),) = expression.items()
            if name == "Condition":
                if not isinstance(argument, str):
                    raise TemplateError("Template format error: Every Condition member must be a string.")
                return self._condition(argument)
            if name in _BOOLEAN:
                return bool(_BOOLEAN[name](self, argument))
        found = text_of(self.evaluate(expression))
        if found in ("true", "false"):
            return found == "true"
        raise TemplateError(
            "Template format error: Conditions can only be boolean operations on parameters and other conditions"
        )

    def _call(self, name: str, argument: Any) -> Any:
        function = _TABLE.get(name)
        if function is not None:
            found = function(self, argument)
            if isinstance(found, str | list):
                self._made += len(found)
                if self._made > MAX_MADE:
                    raise TemplateError(f"The functions make more than {MAX_MADE} characters")
            return found
        if name in _BOOLEAN:
            return _BOOLEAN[name](self, argument)
        raise unsupported_function(name)

    def _text(self, value: Any, words: str) -> str:
        text = text_of(self.evaluate(value))
        if text is None:
            raise template_error(words)
        return text

    def _list(self, value: Any, words: str) -> list[Any]:
        found = self.evaluate(value)
        if found == self._facts.unknown and isinstance(found, str):
            return [found]
        if not isinstance(found, list):
            raise template_error(words)
        return found

    def _ref(self, name: Any) -> Any:
        if not isinstance(name, str):
            raise template_error("every Ref object must have a single String value.")
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._parameters:
            return self._parameters[name]
        if name in self._facts.physical_ids:
            return self._facts.physical_ids[name]
        if self._facts.unknown is not None and name in self._resources:
            return self._facts.unknown
        raise TemplateError(
            f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template"
        )

    def _get_att(self, argument: Any) -> Any:
        name, attribute = get_att_arguments(argument)
        name, attribute = self._text(name, GET_ATT_WORDS), self._text(attribute, GET_ATT_WORDS)
        return self._attribute(name, attribute)

    def _attribute(self, name: str, attribute: str) -> Any:
        known = self._facts.attributes.get(name)
        if known is not None:
            if attribute in known:
                return known[attribute]
            found: Any = known
            for part in attribute.split("."):
                if not isinstance(found, Mapping) or part not in found:
                    break
                found = found[part]
            else:
                return found
        if self._facts.unknown is not None and name in self._resources:
            return self._facts.unknown
        if name not in self._resources:
            raise template_error(f"instance of Fn::GetAtt references undefined resource {name}")
        raise template_error(f"resource {name} does not support attribute type {attribute} in Fn::GetAtt")

    def _sub(self, argument: Any) -> str:
        text, own = sub_arguments(argument)
        around, names = sub_parts(text)
        parts = [around[0]]
        for name, literal in zip(names, around[1:], strict=True):
            if name in own:
                found = text_of(self.evaluate(own[name]))
                if found is None:
                    raise template_error(
                        "every value of the context object of every Fn::Sub object must be a string or a function "
                        "that returns a string"
                    )
            else:
                found = self._variable(name)
            parts.append(found)
            parts.append(literal)
        return "".join(parts)

    def _variable(self, name: str) -> str:
        if name in self._parameters or "." not in name:
            found = self._ref(name)
        else:
            resource, _, attribute = name.partition(".")
            found = self._attribute(resource, attribute)
        if found is NO_VALUE:
            return ""
        text = text_of(found)
        if text is None:
            raise template_error(f"variable {name} in Fn::Sub expression does not resolve to a string")
        return text

    def _join(self, argument: Any) -> str:
        if not isinstance(argument, list) or len(argument) != 2:
            raise template_error(JOIN_WORDS)
        delimiter = self._text(argument[0], JOIN_WORDS)
        texts = [text_of(item) for item in self._list(argument[1], JOIN_WORDS)]
        if None in texts:
            raise template_error(JOIN_WORDS)
        return delimiter.join([text for text in texts if text is not None])

    def _split(self, argument: Any) -> list[str]:
        if not isinstance(argument, list) or len(argument) != 2:
            raise template_error(SPLIT_WORDS)
        delimiter = self._text(argument[0], SPLIT_WORDS)
        if not delimiter:
            raise template_error(SPLIT_WORDS)
        return self._text(argument[1], SPLIT_WORDS).split(delimiter)

    def _select(self, argument: Any) -> Any:
        if not isinstance(argument, list) or not argument:
            raise template_error(SELECT_INDEX_WORDS)
        text = self._text(argument[0], SELECT_INDEX_WORDS)
        if not text.lstrip("-").isdecimal() or len(text) > 9:
            raise template_error(SELECT_INDEX_WORDS)
        if len(argument) != 2:
            raise template_error(SELECT_WORDS)
        items, index = self._list(argument[1], SELECT_WORDS), int(text)
        if self._facts.unknown is not None and self._facts.unknown in items:
            return self._facts.unknown
        if not 0 <= index < len(items):
            raise template_error(f"Fn::Select cannot select nonexistent value at index {index}")
        return items[index]

    def _find_in_map(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) not in (3, 4):
            raise template_error(FIND_WORDS)
        fallback = NO_VALUE
        if len(argument) == 4:
            if not isinstance(argument[3], dict) or argument[3].keys() != {"DefaultValue"}:
                raise template_error(FIND_WORDS)
            fallback = argument[3]["DefaultValue"]
        names = [self._text(part, FIND_WORDS) for part in argument[:3]]
        found: Any = self._mappings
        for name in names:
            found = found.get(name, NO_VALUE) if isinstance(found, dict) else NO_VALUE
        if found is not NO_VALUE:
            return found
        if fallback is not NO_VALUE:
            return self.evaluate(fallback)
        if names[0] not in self._mappings:
            raise template_error(f"Mapping named '{names[0]}' is not present in the 'Mappings' section of template.")
        raise template_error(f"Unable to get mapping for {'::'.join(names)}")

    def _base64(self, argument: Any) -> str:
        text = self._text(argument, "every Fn::Base64 object must have a String-typed value.")
        return base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()

    def _cidr(self, argument: Any) -> list[str]:
        if not isinstance(argument, list) or len(argument) not in (2, 3):
            raise template_error(CIDR_WORDS)
        block, *numbers = (self._text(part, CIDR_WORDS) for part in argument)
        if block == self._facts.unknown:
            return [block]
        if not all(number.isdecimal() and len(number) < 5 for number in numbers):
            raise template_error(CIDR_WORDS)
        return subnets(block, *map(int, numbers))

    def _zones(self, argument: Any) -> list[str]:
        words = "every Fn::GetAZs object must have a String-typed value."
        region = self._text(argument, words) or str(self._parameters.get("AWS::Region", ""))
        return list(self._facts.zones.get(region, ()))

    def _import_value(self, argument: Any) -> str:
        name = self._text(
            argument, "the attribute in Fn::ImportValue must be a string or a function that returns a string"
        )
        if name not in self._facts.exports:
            raise TemplateError(f"No export named {name} found.")
        return self._facts.exports[name]

    def _if(self, argument: Any) -> Any:
        if not isinstance(argument, list) or not argument or not isinstance(argument[0], str):
            raise template_error(IF_CONDITION_WORDS)
        if len(argument) != 3:
            raise template_error(IF_WORDS)
        return self.evaluate(argument[1 if self._condition(argument[0]) else 2])

    def _equals(self, argument: Any) -> bool:
        if not isinstance(argument, list) or len(argument) != 2:
            raise template_error(EQUALS_WORDS)
        left, right = (self.evaluate(part) for part in argument)
        texts = text_of(left), text_of(right)
        return texts[0] == texts[1] if None not in texts else bool(left == right)

    def _not(self, argument: Any) -> bool:
        if not isinstance(argument, list) or len(argument) != 1:
            raise template_error(NOT_WORDS)
        return not self.holds(argument[0])

    def _and(self, argument: Any) -> bool:
        return all(self.holds(part) for part in self._operands("Fn::And", argument))

    def _or(self, argument: Any) -> bool:
        return any(self.holds(part) for part in self._operands("Fn::Or", argument))

    def _operands(self, name: str, argument: Any) -> list[Any]:
        if not isinstance(argument, list) or not 2 <= len(argument) <= 10:
            raise template_error(operands_words(name))
        return argument

    def _length(self, argument: Any) -> int:
        return len(self._list(argument, "Fn::Length requires a list or a function that returns a list"))

    def _to_json(self, argument: Any) -> str:
        if not isinstance(argument, dict | list):
            raise template_error("Fn::ToJsonString requires an object or an array as its argument")
        found = self.evaluate(argument)
        return orjson.dumps(found, option=orjson.OPT_NON_STR_KEYS, default=str).decode()


def operands_words(name: str) -> str:
    """What ``Fn::And`` and ``Fn::Or`` say."""
    return f"every {name} object requires a list of at least 2 and at most 10 boolean parameters."


def unsupported_function(name: str) -> TemplateError:
    """The error for a function that CloudFormation does not have, or that is not for this place."""
    known = sorted(known for known in FUNCTIONS if known[:4] == "Fn::")
    return TemplateError(
        f"Template validation error: Encountered unsupported function: {name} "
        f"Supported functions are: [{', '.join(known)}]"
    )


_TABLE: dict[str, Callable[[Evaluator, Any], Any]] = {
    "Ref": Evaluator._ref,
    "Fn::Base64": Evaluator._base64,
    "Fn::Cidr": Evaluator._cidr,
    "Fn::FindInMap": Evaluator._find_in_map,
    "Fn::GetAZs": Evaluator._zones,
    "Fn::GetAtt": Evaluator._get_att,
    "Fn::If": Evaluator._if,
    "Fn::ImportValue": Evaluator._import_value,
    "Fn::Join": Evaluator._join,
    "Fn::Length": Evaluator._length,
    "Fn::Select": Evaluator._select,
    "Fn::Split": Evaluator._split,
    "Fn::Sub": Evaluator._sub,
    "Fn::ToJsonString": Evaluator._to_json,
}
_BOOLEAN: dict[str, Callable[[Evaluator, Any], bool]] = {
    "Fn::And": Evaluator._and,
    "Fn::Equals": Evaluator._equals,
    "Fn::Not": Evaluator._not,
    "Fn::Or": Evaluator._or,
}
