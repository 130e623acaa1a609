"""`python -m sbomgen`."""

from sbomgen.cli import main

main()
