"""``AWS::LanguageExtensions``: ``Fn::ForEach`` unrolled, names in ``Ref`` and ``Fn::GetAtt`` made by functions. The
other extensions are functions as all others.

Source: CloudFormation user guide, "AWS::LanguageExtensions transform" and "Fn::ForEach".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segue.languages.templates.errors import template_error
from segue.languages.templates.evaluation import Evaluator, Facts
from segue.languages.templates.functions import text_of

_PREFIX = "Fn::ForEach::"
_MOST_VALUES = 400_000
_WORDS = "Fn::ForEach layout is incorrect"


def expand_language_extensions(document: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A template with its loops unrolled.

    Args:
        document: the template.
        values: of parameters and pseudo-parameters, of which collections may be made.

    Raises:
        TemplateError: a loop is malformed, or it all grows too large.
    """
    mappings = document.get("Mappings")
    evaluator = Evaluator(values, mappings if isinstance(mappings, dict) else {}, _no_condition, Facts(), {})
    return dict(_Loops(evaluator).expand(document, {}))


def _no_condition(name: str) -> bool:
    raise template_error(f"the condition {name} cannot be used in the collection of Fn::ForEach")


class _Loops:
    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._left = _MOST_VALUES

    def expand(self, value: Any, bound: dict[str, str]) -> Any:
        self._left -= 1
        if self._left < 0:
            raise template_error("Fn::ForEach makes too large a template")
        if isinstance(value, list):
            return [self.expand(item, bound) for item in value]
        if isinstance(value, str):
            self._left -= len(value) // 100
            return _replaced(value, bound)
        if not isinstance(value, dict):
            return value
        if value.keys() == {"Ref"}:
            name = self._name(value["Ref"], bound)
            return bound[name] if isinstance(name, str) and name in bound else {"Ref": name}
        if value.keys() == {"Fn::GetAtt"} and isinstance(value["Fn::GetAtt"], list):
            return {"Fn::GetAtt": [self._name(part, bound) for part in value["Fn::GetAtt"]]}
        made: dict[str, Any] = {}
        for key, inner in value.items():
            if key.startswith(_PREFIX):
                self._unroll(key, inner, bound, made)
            else:
                made[_replaced(key, bound)] = self.expand(inner, bound)
        return made

    def _name(self, value: Any, bound: dict[str, str]) -> Any:
        """What ``Ref`` or ``Fn::GetAtt`` names: with the extensions, functions may make it."""
        expanded = self.expand(value, bound)
        made = self._evaluator.evaluate(expanded) if isinstance(expanded, dict) else expanded
        return made if isinstance(made, str) else expanded  # what is no name is refused where it is looked up

    def _unroll(self, key: str, loop: Any, bound: dict[str, str], made: dict[str, Any]) -> None:
        if not isinstance(loop, list) or len(loop) != 3:
            raise template_error(_WORDS)
        name, collection, body = loop
        if not isinstance(name, str) or not isinstance(body, dict):
            raise template_error(_WORDS)
        if name in bound:
            raise template_error(f"Fn::ForEach: the identifier {name} is used already")
        for item in self._items(collection, bound):
            inner = {**bound, name: item, f"&{name}": "".join(filter(str.isalnum, item))}
            for made_key, made_value in self.expand(body, inner).items():
                if made_key in made:
                    raise template_error(f"{key} makes the key {made_key} more than once")
                made[made_key] = made_value

    def _items(self, collection: Any, bound: dict[str, str]) -> list[str]:
        found = self._evaluator.evaluate(self.expand(collection, bound))
        if not isinstance(found, list):
            raise template_error(_WORDS)
        items: list[str] = []
        for item in found:
            for part in item if isinstance(item, list) else [item]:
                text = text_of(part)
                if text is None:
                    raise template_error(_WORDS)
                items.append(text)
        return items


def _replaced(text: str, bound: dict[str, str]) -> str:
    if bound and ("${" in text or "&{" in text):
        for name, value in bound.items():
            text = text.replace("&{" + name[1:] + "}" if name[:1] == "&" else "${" + name + "}", value)
    return text
