"""Binance spot as a feed: public market data only, no account, no key, no order."""
