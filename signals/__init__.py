"""Where ideas come from: strategies on closed candles, and messages from outside.

Knows the engine's nouns and nothing of markets, stores or screens; does no network I/O.
"""
