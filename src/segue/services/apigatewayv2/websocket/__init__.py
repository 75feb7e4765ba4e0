"""WebSocket APIs at work: connections, messages, what is behind their routes, and the ends of connections.

A connection is a row of ``api/sockets``; a message is a call of the handler in :mod:`.handling`, as a request is one of
the handler of visits; the end of a connection is a job. Source, for all of it: API Gateway developer guide, "API
Gateway WebSocket APIs".
"""

from segue.services.apigatewayv2.websocket import handling

__all__ = ["handling"]
