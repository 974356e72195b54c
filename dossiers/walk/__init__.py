"""A dossier's walk through the tasks: the doors, the engine, the diagram."""
