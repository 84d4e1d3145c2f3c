"""Chỉ Tiêu: how far each place and unit is from the targets that its plan set, and the proof.

Dependencies point one way: processes (``services``) import adapters (``chitieu.postgres``),
adapters import the pure core (``text``, ``periods``, ``places``, ``units``,
``catalogue.model``, ``scoring``), and the core imports no I/O, no clock and no settings.
Nothing here imports ``services`` except the launcher, ``chitieu.cli``. The contracts in
``pyproject.toml`` hold this rule.
"""

from typing import Final

__version__: Final = "0.1.0"
