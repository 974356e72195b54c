"""The office that keeps the dossiers: people away, hand-over, reports."""
