"""Pure measuring: arrays in, lesions and scores out."""
