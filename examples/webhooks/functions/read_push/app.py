"""What matters of a push."""


def handler(event, context):
    push = event["payload"]
    head = push["head_commit"]
    return {
        "id": head["id"],
        "kind": "push",
        "repository": push["repository"]["full_name"],
        "title": head["message"].split("\n")[0],
        "author": push["pusher"]["name"],
        "commits": len(push["commits"]),
        "delivery": event["delivery"],
    }
