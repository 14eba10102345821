#!/bin/sh
# Two databases with an owner each: who has the business data's password cannot touch the log.
set -eu
make() {
    psql --username postgres --set ON_ERROR_STOP=1 --set name="$1" \
        --set password="$(cat "/run/secrets/$2")" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}
make shuno database_password
make accesslog accesslog_database_password
