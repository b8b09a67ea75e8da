"""`python -m tui` and the console script `paperdesk`."""

from tui.cli import main

if __name__ == "__main__":
    main()
