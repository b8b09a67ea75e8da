"""Doors through which signals arrive from outside."""
