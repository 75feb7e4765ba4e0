"""JSONata's syntax: parsed to look at, not to run.

Step Functions parses every JSONata expression when a definition is created, and refuses some that would parse. Both
need a syntax tree, which the library that evaluates expressions does not give. ``parse`` knows the grammar and the
errors of JSONata 2 (docs.jsonata.org; error codes S0101 to S0302); ``references`` tells what an expression reads.
"""

from segue.languages.jsonata_syntax.nodes import Node
from segue.languages.jsonata_syntax.parser import parse
from segue.languages.jsonata_syntax.references import FUNCTIONS, References, references
from segue.languages.jsonata_syntax.tokens import SyntaxProblem

__all__ = ["FUNCTIONS", "Node", "References", "SyntaxProblem", "parse", "references"]
