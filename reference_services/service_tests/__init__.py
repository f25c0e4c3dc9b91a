"""The frameworks and tests that the task documents call: load and security of a service, tests of each of the four."""
