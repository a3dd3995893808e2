"""The private warehouse: its inputs, and the dbt runs that build the candidate."""
