"""Clients of systems that can be asked for their records: they write into the inbox what an export would hold."""
