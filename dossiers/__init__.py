"""The dossier of one product (hồ sơ), from idea to promotion, in one cycle or several."""
