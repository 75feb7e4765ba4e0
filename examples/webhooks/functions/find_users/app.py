"""Who follows a repository. In place of a directory: as many as the environment says."""

import os


def handler(event, context):
    return [
        {"name": f"user-{number:04}", "mail": f"user-{number:04}@example.org", "language": "en" if number % 3 else "pt"}
        for number in range(int(os.environ["NUMBER_OF_USERS"]))
    ]
