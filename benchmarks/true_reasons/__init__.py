"""Whether reasons are the right ones, on simulated patients whose true hazards are known."""
