"""FastAPI with fastapi-health: the library answers 503 where a condition is false."""

import os

import psycopg
from fastapi import FastAPI
from fastapi_health import health


def database():
    try:
        with psycopg.connect(os.environ["DATABASE_URL"], connect_timeout=2) as connection:
            connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return {"database": "online"}


def service():
    return {"service": "up"}


app = FastAPI()
app.add_api_route("/health", health([service, database]))
