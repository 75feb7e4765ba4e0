"""``segue trace``: a conversation as a tree of who called whom, and what of it goes on.

:mod:`tree` makes the tree of the record of deliveries (pure), :mod:`words` writes it down (pure), :mod:`command` asks
the server.
"""
