"""The official papers of a dossier: their kinds, words and facts."""
