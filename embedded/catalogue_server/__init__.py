"""A process that owns a chDB engine and serves ClickHouse's HTTP protocol on loopback.

chDB is the ClickHouse engine in a wheel, but allows one process per data folder and hangs after a fork. So one process
owns the folder, and any number of workers share it through an unmodified `clickhouse_connect` client.
"""
