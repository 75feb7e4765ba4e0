"""CloudFormation's template language, pure: texts and values in, values out.

A template goes through four stages; each may raise :class:`TemplateError`, whose ``message`` is in AWS's words (the
API answers it with the code ``ValidationError``; in a running stack it is the reason of a failure).

1. ``document = read_template(text)`` reads JSON or YAML with all short forms (``!Sub``) into plain values.
   ``check_size`` is the bound on texts.
2. Transforms, if the document has any: ``transforms_of(document)`` names those at the top, in order;
   ``expand_fragments(document, parameters, expand)`` does those within it (``Fn::Transform``, innermost first),
   ``expand_language_extensions(document, parameters)`` those of ``AWS::LanguageExtensions``, and
   ``serverless.expand_serverless(document, ...)`` those of SAM. Which comes when, and where an included text or a
   macro comes from, is the caller's.
3. ``template = compile_template(document)`` checks all that can be known without parameters: sections, references,
   functions' arguments. A :class:`Template` has ``parameters``, ``resources``, ``outputs``, ``mappings`` and so on.
4. ``instance = instantiate(template, parameters, pseudo)`` fixes the parameters' values: conditions and rules are
   evaluated. An :class:`Instance` has the ``conditions``, the ``resources`` that they leave, each with the set of those
   it depends on, and gives a resource's ``properties(logical_id, facts)`` and the ``outputs(facts)`` from the
   :class:`Facts` of the stack so far (physical ids, attributes, exports, zones).

Parameters: ``given_parameters(template.parameters, given, previous, use_previous)`` makes of what a caller gives (and
of ``UsePreviousValue``) one text per parameter, checked; ``stored_names(template.parameters, texts)`` says which SSM
parameters have to be looked up; ``parameter_values(template.parameters, texts, stored)`` makes the values that ``Ref``
gives. Before a template with transforms is compiled, ``read_parameters(document["Parameters"])`` gives the same.

Dynamic references (``{{resolve:ssm:name}}``) stand in evaluated strings wherever a template or a parameter has put
them: ``dynamic_references(value)`` lists them, ``substitute(value, texts)`` puts the looked-up texts in their place.

Properties: ``schemas.known_types()``, ``schemas.schema_of(type_name)`` with ``coerce``, ``problems``, ``create_only``,
``read_only``: see :mod:`segue.languages.templates.schemas`.

Source: CloudFormation user guide, "Template anatomy", "Intrinsic functions", "Rules", "Dynamic references",
"AWS::LanguageExtensions transform". Messages are those that AWS answers.
"""

from segue.languages.templates.checks import compile_template
from segue.languages.templates.dynamic_references import DynamicReference, dynamic_references, substitute
from segue.languages.templates.errors import TemplateError
from segue.languages.templates.evaluation import Facts
from segue.languages.templates.extensions import expand_language_extensions
from segue.languages.templates.fragments import Transform, expand_fragments, transforms_of
from segue.languages.templates.instance import Instance, OutputValue, ResourceInstance, instantiate
from segue.languages.templates.parameters import (
    Parameter,
    given_parameters,
    parameter_values,
    read_parameters,
    stored_names,
)
from segue.languages.templates.reading import check_size, read_template
from segue.languages.templates.template import Output, ResourceDeclaration, Template

__all__ = [
    "DynamicReference",
    "Facts",
    "Instance",
    "Output",
    "OutputValue",
    "Parameter",
    "ResourceDeclaration",
    "ResourceInstance",
    "Template",
    "TemplateError",
    "Transform",
    "check_size",
    "compile_template",
    "dynamic_references",
    "expand_fragments",
    "expand_language_extensions",
    "given_parameters",
    "instantiate",
    "parameter_values",
    "read_parameters",
    "read_template",
    "stored_names",
    "substitute",
    "transforms_of",
]
