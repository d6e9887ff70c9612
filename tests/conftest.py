"""What every test may ask for. The servers are in tests/servers.py, people and clients in tests/cast.py."""

from pathlib import Path

pytest_plugins = ["tests.servers"]
if (Path(__file__).parent / "cast.py").exists():
    pytest_plugins.append("tests.cast")
