"""What can be recorded, and how it is said. Every app registers its events in its own events.py."""

_labels: dict = {}


def register(event, label):
    """Let ``event`` be recorded; ``label`` is the verb phrase that follows the actor's name."""
    if event in _labels:
        raise ValueError(f"{event} is registered twice")
    _labels[event] = label


def label(event):
    """The Vietnamese verb phrase of ``event``; KeyError when nobody registered it."""
    return _labels[event]


def registered():
    """All event names, for tests and for the audiences."""
    return set(_labels)
