"""A program that gets and checks the models of Switch."""
