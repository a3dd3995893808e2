"""A believable sample company, written as the exports that real systems make."""
