"""What is asked of the office."""
