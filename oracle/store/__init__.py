"""What is kept: typed tables, their migrations, and the queries over them. SQLite, or PostgreSQL by URL."""
