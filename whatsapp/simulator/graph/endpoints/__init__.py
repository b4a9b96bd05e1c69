"""The calls of Graph that the product makes, by what they are about."""
