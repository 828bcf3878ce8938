"""params.yaml, folders and the version of the code."""
