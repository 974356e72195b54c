"""The chain of a dossier's history, read link by link."""

import hashlib


def chain(dossier):
    """The entries of the dossier, in order."""
    return list(dossier.history.order_by("seq"))


def links(entries):
    """Whether each entry is hashed over its payload and the hash before it, from 1 without a gap."""
    before = ""
    for place, entry in enumerate(entries, start=1):
        text = f"{entry.prev_hash}\n{entry.payload}".encode()
        if (entry.seq, entry.prev_hash) != (place, before):
            return False
        if entry.hash != hashlib.sha256(text).hexdigest():
            return False
        before = entry.hash
    return True
