"""Names of what flows between the DAGs: logical addresses, never paths of a machine.

An inbox asset changes when files have come to rest in a source's inbox folder, a deliveries asset when the register
of deliveries has a new entry, the release asset when `current` points at a new release.
"""

from __future__ import annotations

# The sources that have a contract and a DAG of their own, in the order in which they are shown.
CONTRACT_SOURCES = ("zoho_crm", "jiandaoyun_crm", "finance", "hr")

# Stands for all sources that are read through a mapping file; one DAG serves them together.
MAPPED = "mapped"

RELEASE = "attain://release/current"


def inbox(source: str) -> str:
    """Address of the files that wait in the inbox folder of `source`."""
    return f"attain://inbox/{source}"


def deliveries(source: str) -> str:
    """Address of what the register of deliveries holds from `source`."""
    return f"attain://deliveries/{source}"
