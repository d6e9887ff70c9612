"""One reader per format. A reader turns bytes into rows of text or refuses the whole file in a sentence."""
