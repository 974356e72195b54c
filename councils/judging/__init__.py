"""Judging: from score sheets to stars, counting, closing, and what follows for the dossiers."""
