"""How a message leaves: each channel is a module with ``send(delivery, subject, body)``."""


class Refused(Exception):
    """The other side will never take this message; trying again is useless."""
