"""The real handlers on a manual clock, from a seed, with crashes at commits: what was acknowledged is not lost."""
