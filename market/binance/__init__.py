"""Binance as a feed, spot and futures: public market data only, no account, no order."""
