"""The parts of the medley, each with what must be true of it in the end."""
