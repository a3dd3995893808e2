"""The statement: how a person's month comes about, from the deal to the payable amount, and whether it adds up."""
