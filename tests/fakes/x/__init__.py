"""A local X, built from X's documentation only: https://docs.x.com/x-api."""
