"""The one door: every operation of every service, performed under one validation and one authorization.

HTTP, workflow integrations, topic and bus targets, function destinations, event source mappings, the console and the
tests all call :func:`segue.api.perform.perform`; services never import each other.
"""

from segue.api.call import Call, Result
from segue.api.caller import Caller
from segue.api.deliver import Target, deliver
from segue.api.service import Api, Operation, Service

__all__ = ["Api", "Call", "Caller", "Operation", "Result", "Service", "Target", "deliver"]
