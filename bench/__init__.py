"""The proofs: each module shows one number that the project claims.

A proof has a docstring, whose first line says what it shows; ``BOUND``, the claim in words; and
``run(scale) -> dict``, called over a migrated, empty database of its own with ``"small"`` or
``"full"``, which returns the figures with their ``"size"``; whether what must be so on any machine
is ``"exact"``; and, of a proof of speed, whether this machine was ``"fast"`` enough. The claim
``"holds"`` when both are so. The suite asserts the exact part of each small proof, and prints the
rest: how fast a machine is, on which other things run, no test can know.
"""
