"""Takes a registration back, in every system.

From the published definition it gets ``{"Error", "Cause"}`` and nothing else: the Catch has put them into the place of
the input, so it cannot know whose registration it was, and says so. From a definition whose Catch keeps the input
(``"ResultPath": "$.error"``) it gets the user, too.
"""

from __future__ import annotations

import json
import os
import urllib.request

SYSTEMS = ("AD", "products", "promotions")


def lambda_handler(event, context):
    print("Event in rollback-register-flow is:", json.dumps(event))
    username = event.get("username")
    if username is None:
        print("[ERROR] Nobody was rolled back: the event does not say whose registration it was")
        return {"rolledBack": [], "knew": sorted(event)}
    for system in SYSTEMS:
        url = f"{os.environ['SYSTEMS_URL']}{system}/users/{username}"
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE")).close()
    return {"rolledBack": list(SYSTEMS), "username": username}
