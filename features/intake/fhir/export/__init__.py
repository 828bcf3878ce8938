"""Files of an export, and the resources in them."""
