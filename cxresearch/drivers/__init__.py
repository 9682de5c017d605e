"""Drivers: what moves a score, how much of it each rating carries, and what each adds of its own."""
