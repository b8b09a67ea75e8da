"""What can go wrong on a desk.

DeskError
├── SettingsError    a setting is wrong; the message names it and what would be right
├── DeskBusy         another process holds this desk
├── LeaseLost        another process holds it now, although this one never let go
└── Halted           trading is halted because the books cannot be stored
"""


class DeskError(Exception):
    """The desk cannot do what was asked; the message is a sentence."""


class SettingsError(DeskError):
    """A setting is wrong."""


class DeskBusy(DeskError):
    """Another process holds this desk."""


class LeaseLost(DeskError):
    """Another process holds the desk now, although this one never let go of it."""


class Halted(DeskError):
    """Nothing can be opened or closed until the books can be stored again."""
