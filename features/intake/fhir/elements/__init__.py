"""Parts of resources, and what is said of them: the words of all the rest."""
