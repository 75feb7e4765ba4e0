"""``segue deploy``, ``status``, ``logs``, ``delete``: applications and their stacks, from a shell.

All of them are clients of the server's API, as the AWS CLI is; there is no back door. ``deploy`` goes through these
modules: :mod:`project` (which template, which stack, which parameters), :mod:`packaging` (local folders become objects
in a bucket: :mod:`local_code` finds them, :mod:`recipes` builds them, :mod:`archive` zips them, :mod:`artifacts`
uploads them), :mod:`deployment` (the stack), :mod:`progress` (what is seen of it), :mod:`watching` (again, at once).
"""
