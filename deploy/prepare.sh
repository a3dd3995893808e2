#!/bin/sh
# Migrate Airflow's database, make the administrator when there is none, and the pool that lets one task write at a time.
set -eu
airflow db migrate
airflow pools set attain_warehouse 1 "The warehouse has one writer at a time"
airflow users create --role Admin --username admin --firstname Attain --lastname Administrator \
    --email admin@localhost --password "$ADMIN_PASSWORD" || echo "the administrator exists already"
