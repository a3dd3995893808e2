"""The only part of attain that imports Airflow."""
