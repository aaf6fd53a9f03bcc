"""Lifecycles: pure deciders, and the one host that runs them on the log."""
