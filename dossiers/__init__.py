"""One product's file, from the idea to the market, which may be carried from cycle to cycle."""
