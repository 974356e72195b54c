"""Judging: ranking, tally, checklist, closing and what follows."""
