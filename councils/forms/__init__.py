"""The forms of councils, rounds and sheets, one module per group of pages."""
