"""The command line of Goodterms and what one machine needs to run it."""
