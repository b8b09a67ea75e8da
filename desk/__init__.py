"""One running desk: joins market, signals, store and engine; knows no screen."""
