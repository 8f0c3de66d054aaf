"""A payment provider in miniature, of the standard library alone."""
