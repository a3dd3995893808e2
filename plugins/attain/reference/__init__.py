"""The second, independent pay engine: plain Python and Decimal, row by row. It shares no calculation with the SQL."""
