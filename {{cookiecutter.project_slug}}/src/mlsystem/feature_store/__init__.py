"""FEAST room: point-in-time training sets, materialisation, push and online lookup. Feast is imported only here."""
