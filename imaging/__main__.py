"""`python -m imaging` is the command `dermetry`."""

from imaging.cli.app import main

if __name__ == "__main__":
    main()
