"""The read side: figures that say what they are, as of any day, each with the rows behind it."""
