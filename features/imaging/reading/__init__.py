"""Readers of scans, masks and reports. They need the extra `imaging`."""
