"""Files that hold patients: who may read them, who writes them now, what a fault of them means."""
