"""Checks of one service's HTTP interface."""
