"""`python -m bot` is `lapwing`."""

from bot.cli.main import main

main()
