"""Rules: assertions on parameters.

Source: CloudFormation user guide, "Rules" and "Rule-specific intrinsic functions".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from segue.languages.templates.errors import TemplateError, format_error, template_error
from segue.languages.templates.evaluation import Evaluator, Facts
from segue.languages.templates.functions import text_of

if TYPE_CHECKING:
    from segue.languages.templates.template import Template


def check_rules(template: Template, values: Mapping[str, Any]) -> None:
    """Whether the parameters are as the template's rules want them.

    Raises:
        TemplateError: they are not, with the descriptions of what fails.
    """
    if not template.rules:
        return
    rules = _Rules(template, values)
    failed: list[str] = []
    for name, rule in template.rules.items():
        if not isinstance(rule, dict) or not isinstance(rule.get("Assertions"), list):
            raise format_error(f"Rule {name} must have a list of Assertions.")
        if "RuleCondition" in rule and not rules.holds(rule["RuleCondition"]):
            continue
        for assertion in rule["Assertions"]:
            if not isinstance(assertion, dict) or "Assert" not in assertion:
                raise format_error(f"Every assertion of rule {name} must contain an Assert member.")
            if not rules.holds(assertion["Assert"]):
                failed.append(text_of(assertion.get("AssertDescription")) or f"Rule {name} is not fulfilled.")
    if failed:
        raise TemplateError("\n".join(failed))


class _Rules(Evaluator):
    """Rules have functions of their own, and no others than these and those of conditions."""

    def __init__(self, template: Template, values: Mapping[str, Any]) -> None:
        super().__init__(values, template.mappings, _no_condition, Facts(), {})
        self._declared = template.parameters

    def holds(self, expression: Any) -> bool:
        if isinstance(expression, dict) and len(expression) == 1:
            ((name, argument),) = expression.items()
            if name in _RULE_FUNCTIONS:
                return _RULE_FUNCTIONS[name](self, argument)
        return super().holds(expression)

    def _strings(self, value: Any, name: str) -> list[str]:
        if isinstance(value, dict) and len(value) == 1:
            ((function, argument),) = value.items()
            if function == "Fn::RefAll":
                return self._all_of_type(str(argument))
            if function in ("Fn::ValueOf", "Fn::ValueOfAll"):
                raise TemplateError(
                    f"Template error: {function} of attributes of existing resources is not supported by Segue"
                )
        found = self.evaluate(value)
        items = found if isinstance(found, list) else [found]
        texts = [text_of(item) for item in items]
        if None in texts:
            raise template_error(f"{name} requires lists of strings")
        return [text for text in texts if text is not None]

    def _all_of_type(self, type_name: str) -> list[str]:
        found: list[str] = []
        for name, parameter in self._declared.items():
            if parameter.type in (type_name, f"List<{type_name}>"):
                value = self._parameters[name]
                found += value if isinstance(value, list) else [value]
        return found

    def _pair(self, argument: Any, name: str) -> tuple[Any, Any]:
        if not isinstance(argument, list) or len(argument) != 2:
            raise template_error(f"every {name} object requires a list of two parameters")
        return argument[0], argument[1]

    def _contains(self, argument: Any) -> bool:
        strings, sought = self._pair(argument, "Fn::Contains")
        among = self._strings(strings, "Fn::Contains")
        return all(text in among for text in self._strings(sought, "Fn::Contains"))

    def _each_member_equals(self, argument: Any) -> bool:
        strings, sought = self._pair(argument, "Fn::EachMemberEquals")
        wanted = self._strings(sought, "Fn::EachMemberEquals")
        return all([text] == wanted for text in self._strings(strings, "Fn::EachMemberEquals"))

    def _each_member_in(self, argument: Any) -> bool:
        strings, sought = self._pair(argument, "Fn::EachMemberIn")
        among = self._strings(sought, "Fn::EachMemberIn")
        return all(text in among for text in self._strings(strings, "Fn::EachMemberIn"))


_RULE_FUNCTIONS: dict[str, Callable[[_Rules, Any], bool]] = {
    "Fn::Contains": _Rules._contains,
    "Fn::EachMemberEquals": _Rules._each_member_equals,
    "Fn::EachMemberIn": _Rules._each_member_in,
}


def _no_condition(name: str) -> bool:
    raise TemplateError(f"Template error: the condition {name} cannot be used in the Rules block of the template")
