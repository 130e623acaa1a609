"""`python -m sbommatch`."""

from sbommatch.cli import main

main()
