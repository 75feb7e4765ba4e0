"""A template with its parameters' values: conditions, the resources that they leave, what these depend on.

Source: CloudFormation user guide, "Conditions", "Rules", "DependsOn attribute".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from segue.languages.templates.errors import TemplateError, format_error
from segue.languages.templates.evaluation import NO_VALUE, Evaluator, Facts
from segue.languages.templates.functions import text_of
from segue.languages.templates.references import references, unresolved
from segue.languages.templates.rules import check_rules
from segue.languages.templates.template import Output, ResourceDeclaration, Template, check_policy


@dataclass(frozen=True, slots=True)
class ResourceInstance:
    """A resource that is to be there.

    Attributes:
        declaration: as the template has it.
        dependencies: logical ids of the resources that have to be there before it.
        deletion_policy: ``Delete``, ``Retain``, ``Snapshot`` or ``RetainExceptOnCreate``; ``""`` where not given.
        update_replace_policy: likewise.
    """

    declaration: ResourceDeclaration
    dependencies: frozenset[str]
    deletion_policy: str = ""
    update_replace_policy: str = ""

    @property
    def logical_id(self) -> str:
        """Its name in the template."""
        return self.declaration.logical_id

    @property
    def type(self) -> str:
        """``AWS::SQS::Queue``."""
        return self.declaration.type


@dataclass(frozen=True, slots=True)
class OutputValue:
    """An output that is there.

    Attributes:
        name: its logical id.
        value: evaluated.
        description: for people.
        export: the name under which it is exported; ``""`` if it is not.
    """

    name: str
    value: str
    description: str = ""
    export: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """A template with the values of its parameters.

    Attributes:
        template: the template.
        values: of parameters and pseudo-parameters.
        conditions: whether each holds.
        resources: those whose condition holds, in the template's order.
        outputs_declared: those whose condition holds.
    """

    template: Template
    values: Mapping[str, Any]
    conditions: Mapping[str, bool]
    resources: Mapping[str, ResourceInstance]
    outputs_declared: Mapping[str, Output]

    def evaluate(self, value: Any, facts: Facts) -> Any:
        """Any piece of the template; ``None`` for one that is ``AWS::NoValue`` as a whole.

        Raises:
            TemplateError: it cannot be evaluated.
        """
        found = self._evaluator(facts).evaluate(value)
        return None if found is NO_VALUE else found

    def properties(self, logical_id: str, facts: Facts) -> dict[str, Any]:
        """A resource's properties.

        Raises:
            TemplateError: they cannot be evaluated.
        """
        found = self._evaluator(facts).evaluate(self.resources[logical_id].declaration.properties)
        if found is NO_VALUE:
            return {}
        if not isinstance(found, dict):
            raise format_error("Any Properties member must be a JSON object.")
        return found

    def outputs(self, facts: Facts) -> list[OutputValue]:
        """The outputs that are there.

        Raises:
            TemplateError: they cannot be evaluated, or are no texts.
        """
        evaluator = self._evaluator(facts)
        return [_output_value(evaluator, output) for output in self.outputs_declared.values()]

    def imports(self, facts: Facts | None = None) -> frozenset[str]:
        """The names of the exports that it uses.

        Raises:
            TemplateError: a name cannot be evaluated.
        """
        evaluator = self._evaluator(facts or Facts())
        parts: list[Any] = [part for each in self.resources.values() for part in each.declaration.evaluated_parts]
        parts += [[output.value, output.export] for output in self.outputs_declared.values()]
        return frozenset(
            str(evaluator.evaluate(reference.argument))
            for reference in references(parts, self.conditions)
            if reference.kind == "Fn::ImportValue"
        )

    def _evaluator(self, facts: Facts) -> Evaluator:
        return Evaluator(self.values, self.template.mappings, self.conditions.__getitem__, facts, self.resources)


def _output_value(evaluator: Evaluator, output: Output) -> OutputValue:
    value = evaluator.evaluate(output.value)
    text = text_of(value)
    if text is None:
        raise format_error(
            f"Output {output.name} is malformed. The Value field of every Outputs member must evaluate to a String."
        )
    export = ""
    if output.export is not None:
        export = text_of(evaluator.evaluate(output.export)) or ""
        if not export:
            raise format_error(
                f"Output {output.name} is malformed. The Name field of every Export member must be a String."
            )
    return OutputValue(output.name, text, output.description, export)


def instantiate(template: Template, parameters: Mapping[str, Any], pseudo: Mapping[str, Any]) -> Instance:
    """A template with the values of its parameters.

    Args:
        template: of :func:`~segue.languages.templates.checks.compile_template`.
        parameters: values of :func:`parameter_values`.
        pseudo: the pseudo-parameters by name (``AWS::Region``); ``AWS::NoValue`` needs none.

    Raises:
        TemplateError: a rule forbids these parameters, what is referred to is not there on these conditions, or
            resources depend on each other in a circle.
    """
    values = {**pseudo, **parameters}
    check_rules(template, values)
    conditions = _conditions(template, values)
    declared = {
        name: resource
        for name, resource in template.resources.items()
        if resource.condition is None or conditions[resource.condition]
    }
    evaluator = Evaluator(values, template.mappings, conditions.__getitem__, Facts(), declared)
    resources = {
        name: _resource(resource, declared, template, conditions, evaluator) for name, resource in declared.items()
    }
    outputs = {
        name: output
        for name, output in template.outputs.items()
        if output.condition is None or conditions[output.condition]
    }
    missing = [
        reference.name
        for output in outputs.values()
        for reference in references([output.value, output.export], conditions)
        if reference.name in template.resources and reference.name not in declared and reference.kind != "Fn::If"
    ]
    if missing:
        raise unresolved(missing, "Outputs")
    _check_circles(resources)
    return Instance(template, values, conditions, resources, outputs)


def _resource(
    resource: ResourceDeclaration,
    declared: Mapping[str, ResourceDeclaration],
    template: Template,
    conditions: Mapping[str, bool],
    evaluator: Evaluator,
) -> ResourceInstance:
    found = {name for name in resource.depends_on if name in declared}
    missing = []
    for part in resource.evaluated_parts:
        if not part:
            continue
        for reference in references(part, conditions):
            if reference.name in template.resources and reference.kind in ("Ref", "Fn::GetAtt", "Fn::Sub"):
                if reference.name in declared:
                    found.add(reference.name)
                else:
                    missing.append(reference.name)
    if missing:
        raise unresolved(missing, "Resources")
    policies = []
    for member, policy in (
        ("DeletionPolicy", resource.deletion_policy),
        ("UpdateReplacePolicy", resource.update_replace_policy),
    ):
        evaluated = evaluator.evaluate(policy)
        if evaluated is None or evaluated is NO_VALUE:
            evaluated = ""
        else:
            check_policy(resource.logical_id, member, evaluated)
        policies.append(evaluated)
    return ResourceInstance(resource, frozenset(found), *policies)


def _conditions(template: Template, values: Mapping[str, Any]) -> dict[str, bool]:
    known: dict[str, bool] = {}
    under_way: list[str] = []

    def condition(name: str) -> bool:
        if name in known:
            return known[name]
        if name not in template.conditions:
            raise format_error(f"Unresolved condition dependency {name} in the Conditions block of the template")
        if name in under_way or len(under_way) > 100:
            raise TemplateError(f"Template error: Circular dependency in Conditions: [{', '.join(under_way)}]")
        under_way.append(name)
        known[name] = evaluator.holds(template.conditions[name])
        under_way.pop()
        return known[name]

    evaluator = Evaluator(values, template.mappings, condition, Facts(), {})
    return {name: condition(name) for name in template.conditions}


def _check_circles(resources: Mapping[str, ResourceInstance]) -> None:
    """Raise for resources none of which can be the first."""
    dependants: dict[str, list[str]] = {name: [] for name in resources}
    waiting = {name: len(resource.dependencies) for name, resource in resources.items()}
    for name, resource in resources.items():
        for dependency in resource.dependencies:
            dependants[dependency].append(name)
    ready = [name for name, count in waiting.items() if not count]
    while ready:
        name = ready.pop()
        del waiting[name]
        for dependant in dependants[name]:
            waiting[dependant] -= 1
            if not waiting[dependant]:
                ready.append(dependant)
    if waiting:
        raise TemplateError(f"Circular dependency between resources: [{', '.join(waiting)}]")
