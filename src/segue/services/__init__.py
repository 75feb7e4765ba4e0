"""One package per AWS service; they never import each other."""
