"""The help (hướng dẫn): a page for each role, made of what runs; the few written words beside."""
