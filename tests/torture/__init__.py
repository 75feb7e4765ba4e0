"""Servers killed under load, and a ledger outside that knows what they had promised."""
