"""`python -m synthkit`: the command line, for machines where scripts are not on the path."""

from synthkit.cli.app import main

main()
