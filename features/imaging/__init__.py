"""From a CT scan and a mask of its calcium to a lesion table. Never imported by scoring."""
