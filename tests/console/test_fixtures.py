"""The fixtures of the servers keep their word."""

import psycopg
import redis


def test_each_role_enters_the_workers_own_database(database_urls):
    for role, url in database_urls.items():
        with psycopg.connect(url) as line:
            (name,) = line.execute("SELECT current_user").fetchone()
            assert name == ("gt_admin" if role == "admin" else role)


def test_the_clone_is_migrated(statements):
    assert statements("SELECT count(*) FROM app.alembic_version") == [(1,)]


def test_a_fresh_database_is_another_one(database_urls, fresh_database):
    assert fresh_database["gt_app"] != database_urls["gt_app"]
    with psycopg.connect(fresh_database["gt_owner"]) as line:
        line.execute("DROP TABLE app.alembic_version")


def test_redis_answers(redis_url):
    with redis.Redis.from_url(redis_url) as line:
        assert line.ping()
