"""JSONata, as AWS runs it in Amazon States Language: text and values in, values out.

::

    expression = jsonata.compile("$states.input.price * $quantity")     # raises InvalidJsonata
    value = expression.evaluate({"states": …, "quantity": 3}, Moment(now_ms, chance))

Time and chance are handed in. An evaluation is bounded in depth, work and memory (``errors``, ``runtime``), raises
nothing but JsonataError and UnsupportedResult, and gives UNDEFINED for nothing.

The language is evaluated here, and the libraries are kept where they are good. Neither can stand at this place
(measured in November 2026):

- ``jsonatapy`` (Rust) gives the reference's values, but cannot be bounded: ``$pad("a", 1e9)`` takes eleven seconds
  under its own timeout of one, and ends the whole process where memory is short. It loses digits of integers beyond
  2**53, tells neither a function nor null from nothing, has words of its own in errors, which AWS quotes in causes, and
  shows no tree, without which definitions that AWS refuses cannot be refused.
- ``jsonata-python`` gives other values (``$lowercase("ß")`` is "ss", ``$replace`` with a limit goes over its own
  replacements), raises whatever goes wrong inside, prints, and sets the recursion limit of the process.

So: ``jsonatapy`` does the picture strings of numbers and times (``pictures``), ``regex`` the regular expressions, with
its bound (``matching``), and the tests hold everything against answers recorded from the reference implementation,
jsonata-js 2.0.6, which is AWS's version, and against ``jsonatapy`` by random expressions (tests/languages/jsonata).
"""

from segue.languages.jsonata.errors import InvalidJsonata, JsonataError
from segue.languages.jsonata.expression import Expression, UnsupportedResult, compile, nodes
from segue.languages.jsonata.nodes import Node
from segue.languages.jsonata.runtime import Moment
from segue.languages.jsonata.values import UNDEFINED

__all__ = [
    "UNDEFINED",
    "Expression",
    "InvalidJsonata",
    "JsonataError",
    "Moment",
    "Node",
    "UnsupportedResult",
    "compile",
    "nodes",
]
