"""Real nodes on one database in worlds made from seeds: what was acknowledged is not lost, nothing is done twice."""
