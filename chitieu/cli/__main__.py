"""`python -m chitieu.cli` is `chitieu`."""

from chitieu.cli import main

main()
