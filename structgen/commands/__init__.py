"""The command line, one module for each command: ``add`` describes it to argparse, and its function runs it."""
