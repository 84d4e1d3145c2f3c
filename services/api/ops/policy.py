"""What our pages may load: their own files and nothing from elsewhere.

Hospital networks have no way out, and need none.
"""

from __future__ import annotations

from typing import Final

PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A page that asks for a key sends it to us alone, and runs nothing.
FORM_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
