"""`python -m sglr`, and so `torchrun -m sglr`."""

from sglr.cli import main

main()
