"""Faces and skin: who has which, and what is painted on them."""
