"""attain: from CRM, finance and HR exports to pay, KPI and appraisal tables that can be checked to the cent."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("attain")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0+source"
