"""Photo-like synthetic people with exact correspondences."""
