"""The control database: registers what arrived, what was built, what is published and what is held."""
