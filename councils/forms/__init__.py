"""What is asked around a council's work, a module per page."""
