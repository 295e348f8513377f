"""How well a classifier tells labelled posts apart: reading them, asking, measuring."""
