"""What may be done, in words; knows no model."""
