"""`python -m pipeline` is the command `calcirisk`."""

from pipeline.commands.cli import main

raise SystemExit(main())
