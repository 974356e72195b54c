"""How a message leaves: each channel is a module with ``send(delivery, letter)``."""


class Refused(Exception):
    """The other side will never take this message; trying again is useless."""
