"""The pages of the office's own work."""
