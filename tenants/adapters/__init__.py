"""The outside world behind the ports that the rooms declare. Each adapter has a memory twin, and one contract test
runs both."""
