"""The official papers of a council: kinds, facts, wording, PDF and Word."""
