"""Terms: what is due, clocks, the sweep."""
