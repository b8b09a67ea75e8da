"""Prices in: the Binance client, gap repair, history, and the built-in simulated exchange."""
