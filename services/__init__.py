"""Processes only.

A service imports ``chitieu``, never another service. Nothing imports ``services`` except
tests and the launcher, ``chitieu.cli``.
"""
