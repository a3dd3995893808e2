"""All-or-nothing publishing of a candidate that has passed the gate."""
