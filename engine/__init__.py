"""The rules of paper trading.

No I/O, no clock, no randomness, no logging, no framework: the same start and the same
inputs give the same events, live, in replay, in catch-up and in tests.
"""
