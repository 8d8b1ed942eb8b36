"""Hair: who wears it how, and the sheets of strands that it is made of."""
