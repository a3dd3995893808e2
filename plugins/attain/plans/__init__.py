"""Plan files: what people are paid by, read, checked and compiled to tables."""
