"""What the pages say: texts in several languages, and numbers as each writes them."""
