"""What survives: the books in one SQLite file, written before anything is shown."""
