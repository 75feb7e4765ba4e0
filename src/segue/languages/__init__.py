"""Pure languages: each offers compile and evaluate; no I/O, no clock, no chance."""
