"""Where functions run: warm operating-system processes behind the official Lambda Runtime API.

In: Python (``awslambdaric``), Node.js (our own bootstrap), ``provided`` (the package's ``bootstrap``); zip packages and
local folders, layers; timeouts, memory, freezing, logs, AWS's failure shapes. Left out: container images, extensions,
SnapStart, the other language families (each refused by name).
"""

from segue.runtimes.errors import CodeRefused, ConcurrencyExceeded, RuntimeUnsupported
from segue.runtimes.pool import Pool, PoolSettings
from segue.runtimes.spec import CodeRef, Credentials, FunctionSpec, Invocation, LogLine, Outcome

__all__ = [
    "CodeRef",
    "CodeRefused",
    "ConcurrencyExceeded",
    "Credentials",
    "FunctionSpec",
    "Invocation",
    "LogLine",
    "Outcome",
    "Pool",
    "PoolSettings",
    "RuntimeUnsupported",
]
