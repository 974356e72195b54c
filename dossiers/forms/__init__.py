"""What is asked of a dossier, a module per room."""
