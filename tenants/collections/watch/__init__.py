"""Decides when sending itself looks broken: fewer people open, click or receive than this unit's own past says."""
