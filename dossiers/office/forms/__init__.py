"""The forms of the office's own work."""
