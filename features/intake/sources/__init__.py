"""Where rows come from, batch by batch."""
