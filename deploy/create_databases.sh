#!/bin/sh
# Runs once, when the PostgreSQL volume is new: one database and one owner each for Airflow, control and BI.
set -eu
for name in airflow:airflow:"$AIRFLOW_DB_PASSWORD" attain_control:attain_control:"$CONTROL_DB_PASSWORD" \
    attain_publisher:attain_bi:"$BI_DB_PASSWORD"; do
    role=${name%%:*}
    rest=${name#*:}
    database=${rest%%:*}
    password=${rest#*:}
    psql -v ON_ERROR_STOP=1 -U postgres -v role="$role" -v database="$database" -v password="$password" <<'SQL'
create role :"role" login password :'password';
create database :"database" owner :"role";
revoke connect on database :"database" from public;
SQL
done
# The publisher makes the group roles that BI users are put into.
psql -v ON_ERROR_STOP=1 -U postgres -c 'alter role attain_publisher createrole'
