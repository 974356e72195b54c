"""The product's settings for tests and proofs: never production, and fast where it is slow by design.

They start nothing either: ``tests/conftest.py`` and ``bench/__main__.py`` do.
"""

import os

from cycle.running import embedded

# A test may run over a database of one's own.
os.environ.setdefault("OCOP_PRODUCTION", "0")
# Made now: the settings name it, and it may be made elsewhere than it is wanted.
embedded.state_folder()

from cycle.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Pages are counted by their queries; tests/test_quarantine.py asks for it.
QUARANTINE_SHOWN = False
# A process a paper is slow; tests/test_papers_apart.py asks for it.
PAPERS_APART = False
