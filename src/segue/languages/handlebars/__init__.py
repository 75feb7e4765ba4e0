"""Handlebars templates, as far as mail templates go: compiled to a program, rendered with a JSON object.

In: attributes by path (``a.b``, ``a.[b c]``, ``this``, ``../a``, ``@root.a``, ``@index``, ``@key``, ``@first``,
``@last``), ``#if``, ``#unless``, ``#each``, ``#with``, each with ``else`` (and ``else if``), comments, inline partials,
whitespace control by ``~``. Left out: helpers, parameters of partials. An attribute that is nowhere, or null, is an
error where its text is wanted, and false where it is asked about. Nothing is escaped: whoever sends HTML escapes what
goes into it.

Source: https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-advanced.html (what is in; that nothing is
escaped); names are looked up in the enclosing contexts, too, as Handlebars for Java does.
"""

from segue.languages.handlebars.compiler import InvalidTemplate, compile_template
from segue.languages.handlebars.program import MissingAttribute, Program, RenderingTooLarge

__all__ = ["InvalidTemplate", "MissingAttribute", "Program", "RenderingTooLarge", "compile_template"]
