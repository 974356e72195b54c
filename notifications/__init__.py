"""Telling: from the record to the people who must hear."""
