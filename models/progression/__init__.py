"""How calcium grows: what is published of it, and the model that learns it."""
