"""Pictures of the real app, written by a program: `make screenshots`."""
