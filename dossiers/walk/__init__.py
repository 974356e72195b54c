"""The walk of a dossier: the engine, the doors, the diagram."""
