"""The gate: dbt tests, expectation suites and reconciliations, read by severity into one verdict."""
