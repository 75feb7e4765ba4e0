"""Faults: nodes that are killed, stopped or cut off, whose clocks are wrong; a database that restarts, fails over, has
no room. Nothing is lost or doubled, and others go on within ten seconds.

What is quick runs with all tests; what takes minutes has the marker ``faults`` (``make faults``).
"""
