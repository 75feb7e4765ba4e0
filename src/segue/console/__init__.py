"""The edge for people: pages and small JSON answers under ``/_segue/``."""
