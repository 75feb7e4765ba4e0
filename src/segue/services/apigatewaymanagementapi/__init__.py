"""Amazon API Gateway's management of connections: what speaks to the clients of WebSocket APIs.

In: PostToConnection, GetConnection, DeleteConnection, at the server's own address as well as at the API's
(``…/STAGE/@connections/ID``, by host name or path). What was accepted is on disk, and sent in order to a client that is
still there; a client that has left is gone (410), as is one whose server has been killed.
"""

from segue.services.apigatewaymanagementapi import connections
from segue.services.apigatewaymanagementapi.service import SERVICE

__all__ = ["SERVICE", "connections"]
