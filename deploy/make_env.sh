#!/bin/sh
# Print an .env with a random secret for each name that docker-compose.yml asks for.
set -eu
random() { head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
for name in POSTGRES_PASSWORD AIRFLOW_DB_PASSWORD CONTROL_DB_PASSWORD BI_DB_PASSWORD AIRFLOW_JWT_SECRET \
    AIRFLOW_SECRET_KEY AIRFLOW_ADMIN_PASSWORD; do
    echo "$name=$(random)"
done
# Fernet wants 32 bytes in URL-safe base64.
echo "AIRFLOW_FERNET_KEY=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')"
