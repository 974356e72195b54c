"""Our own PostgreSQL and Redis, the roles of the database, the wake-up calls."""
