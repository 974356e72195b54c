"""The proofs: each module shows one number that the project claims.

A proof has a docstring, whose first line says what it shows; ``BOUND``, the claim in words; and
``run(scale) -> dict``, called with ``"small"`` or ``"full"`` over a migrated database of its own,
in which is the reference data alone. It returns the figures with their ``"size"``; whether what
must be so on any machine is ``"exact"``; and, of a proof of speed, whether this machine was
``"fast"`` enough. The claim ``"holds"`` when both are so. The suite asserts the exact part of each
small proof, and prints the rest: how fast a busy machine is, no test can know.
"""
