"""The files of a job as they are written."""
