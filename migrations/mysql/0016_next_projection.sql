-- Has a row while a rebuild makes the next projection beside the live one: every event is then written to both. Its
-- name comes before those of the projection's tables on purpose: servers lock tables in the order of their names.
CREATE TABLE IF NOT EXISTS next_projection (
    started_at DATETIME(6) NOT NULL,
    PRIMARY KEY (started_at)
) ENGINE = InnoDB
