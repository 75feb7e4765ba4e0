"""``segue queue``: what waits in queues, from a shell.

A client of the server's API and of its page for peeking: :mod:`reading` asks, :mod:`lines` writes down (pure),
:mod:`redrive` brings dead letters back, :mod:`command` is the command.
"""
