-- Users of ClickHouse with least privilege. Run it once, as a user who may manage access:
--   sed -e 's/OWNER-PASSWORD/…/' -e 's/INGEST-PASSWORD/…/' -e 's/SEARCH-PASSWORD/…/' deploy/clickhouse/users.sql \
--     | clickhouse-client --multiquery
-- docs/catalogue.md lists which process uses which.

CREATE DATABASE IF NOT EXISTS lichtbild;

-- Creates collections, builds and drops indexes: one ingest worker, while there is a table or an index to create.
CREATE USER IF NOT EXISTS lichtbild_owner IDENTIFIED WITH sha256_password BY 'OWNER-PASSWORD' DEFAULT DATABASE lichtbild;
GRANT SELECT, INSERT, CREATE TABLE, DROP TABLE, ALTER ADD COLUMN, ALTER INDEX ON lichtbild.* TO lichtbild_owner;

-- Writes photos: the other ingest workers.
CREATE USER IF NOT EXISTS lichtbild_ingest IDENTIFIED WITH sha256_password BY 'INGEST-PASSWORD' DEFAULT DATABASE lichtbild
    SETTINGS allow_ddl = 0;
GRANT SELECT, INSERT ON lichtbild.* TO lichtbild_ingest;

-- Reads only: search workers and the API. 2, not 1: searches send settings.
CREATE USER IF NOT EXISTS lichtbild_search IDENTIFIED WITH sha256_password BY 'SEARCH-PASSWORD' DEFAULT DATABASE lichtbild
    SETTINGS readonly = 2, max_execution_time = 60;
GRANT SELECT ON lichtbild.* TO lichtbild_search;

-- The server's features, the collections, and the state of indexes. Each user sees only tables that it has rights to.
GRANT SELECT ON system.tables TO lichtbild_owner, lichtbild_ingest, lichtbild_search;
GRANT SELECT ON system.settings TO lichtbild_owner, lichtbild_ingest, lichtbild_search;
GRANT SELECT ON system.server_settings TO lichtbild_owner, lichtbild_ingest, lichtbild_search;
GRANT SELECT ON system.merge_tree_settings TO lichtbild_owner, lichtbild_ingest, lichtbild_search;
GRANT SELECT ON system.parts TO lichtbild_owner, lichtbild_ingest, lichtbild_search;
GRANT SELECT ON system.data_skipping_indices TO lichtbild_owner, lichtbild_ingest, lichtbild_search;
GRANT SELECT ON system.mutations TO lichtbild_owner, lichtbild_ingest, lichtbild_search;
