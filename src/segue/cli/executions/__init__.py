"""``segue execution``: what executions did, do and wait for, from a shell.

Clients of the server's API, like ``segue.cli.stacks``. :mod:`reading` asks the server, :mod:`visits` makes a tree of
the states that were entered from the events of a history (pure), :mod:`waiting` says what is waited for (pure),
:mod:`table` writes the tree down (pure), :mod:`following` shows events as they come. Pictures: :mod:`edges` (what
leads where), :mod:`layout` (places), :mod:`drawing` (characters), :mod:`svg`; all pure. :mod:`show` and
:mod:`listing` are the commands.
"""
