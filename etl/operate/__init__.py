"""What an operator does and asks for, one module a noun of the command line."""
