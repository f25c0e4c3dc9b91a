"""Signoff below one name: links to the folders of the top level in a checkout, the folders in a wheel."""
