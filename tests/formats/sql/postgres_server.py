"""A PostgreSQL server for tests: the one that STRUCTGEN_TEST_POSTGRES names, or a skip.

    apt-get install postgresql && pip install psycopg[binary]
    su postgres -c "$(ls -d /usr/lib/postgresql/*/bin | tail -1)/initdb -A trust -D /tmp/pg" && \\
    su postgres -c "$(ls -d /usr/lib/postgresql/*/bin | tail -1)/pg_ctl -D /tmp/pg -o '-p 54329 -k /tmp' -w start"
    STRUCTGEN_TEST_POSTGRES="host=127.0.0.1 port=54329 user=postgres dbname=postgres" pytest tests/formats/sql
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

__all__ = ["SHOP", "connect"]

VARIABLE = "STRUCTGEN_TEST_POSTGRES"

SHOP = (Path(__file__).parents[3] / "benchmarks" / "corpus" / "shop.sql").read_text(encoding="utf-8") + """
INSERT INTO customer VALUES (1, 'Ada', 'London', '2020-01-01'), (2, 'Emmy', 'Erlangen', '2021-05-01');
INSERT INTO category VALUES (1, 'home', NULL), (2, 'lamps', 1);
INSERT INTO product VALUES (1, 'lamp', 20.00, 2), (2, 'chair', 45.50, 1);
INSERT INTO orders VALUES (1, 1, '2024-02-03 10:00', 'paid'), (2, 2, '2024-02-04 11:00', 'open');
INSERT INTO order_item VALUES (1, 1, 2), (1, 2, 1), (2, 1, 5);
"""
"""A shop of nine tables, in a schema of its own."""


def connect(schema: str) -> Any:
    """A connection whose schema of this name holds the shop; skips where there is no server."""
    where = os.environ.get(VARIABLE)
    if not where:
        pytest.skip(f"no PostgreSQL server: set {VARIABLE} to its address; see postgres_server.py for how to start one")
    psycopg = pytest.importorskip("psycopg")
    connection = psycopg.connect(where)
    connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    connection.execute(f"CREATE SCHEMA {schema}")
    connection.execute(f"SET search_path TO {schema}")
    for statement in SHOP.strip().removesuffix(";").split(";\n"):
        connection.execute(statement)
    connection.commit()
    return connection
