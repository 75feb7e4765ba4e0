"""Velocity templates, as API Gateway's mapping templates are: text in, text out. Pure, and bounded in all it does.

In: references (``$a.b(1)[0]``, ``${a}``, ``$!a``), ``#set``, ``#if``/``#elseif``/``#else``, ``#foreach`` with
``$foreach`` and ``$velocityCount``, ``#break``, ``#stop``, comments, unparsed text; strings with references in them,
numbers, lists, maps, ranges; arithmetic, comparisons, logic; the methods of Java's strings, numbers, lists and maps
that templates use. Left out: macros, ``#define``, ``#include``, ``#parse``, ``#evaluate``.

Nothing of Python can be reached: values are plain data (text, numbers, booleans, lists, dictionaries) and objects with
a table of what may be called (:class:`~segue.languages.velocity.values.Host`).

Source: Apache Velocity Engine 1.7, user guide and VTL reference; API Gateway developer guide, "Mapping template
transformations"; conformance group ``sfn-task-apigateway`` (how a map is printed).
"""

from segue.languages.velocity.errors import VelocityError
from segue.languages.velocity.evaluation import render
from segue.languages.velocity.parser import Template, parse
from segue.languages.velocity.values import Host, text_of

__all__ = ["Host", "Template", "VelocityError", "parse", "render", "text_of"]
