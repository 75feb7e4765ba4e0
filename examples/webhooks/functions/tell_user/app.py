"""The words for one user about one change."""

import os

WORDS = {"en": "{author} has changed {repository}: {title}", "pt": "{author} alterou {repository}: {title}"}


def handler(event, context):
    user, change = event["UserDetails"], event["Change"]
    if user["name"] == os.environ["UNLUCKY_USER"]:
        raise KeyError(user["language"] + "-x-unknown")
    return WORDS[user["language"]].format(**change)
