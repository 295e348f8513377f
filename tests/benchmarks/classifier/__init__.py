"""How fast the engines are, each figure beside its limit."""
