"""The proofs: each module shows one number that the project claims.

A proof has a docstring, whose first line says what it shows; ``BOUND``, the claim in words; and
``run(scale) -> dict``, called over a migrated, empty database of its own with ``"small"`` or
``"full"``, which returns the figures with their ``"size"`` and whether the claim ``"holds"``.
"""
