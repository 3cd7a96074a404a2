-- What a target will not have, or what is no event that we know: put aside, so that the rest goes on. `event` is what was
-- sent; `record` is the outbox row, where there is no event.
CREATE TABLE IF NOT EXISTS undelivered (
    target VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    stream VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sequence_number VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    reason VARCHAR(1000) NOT NULL,
    event LONGTEXT NULL,
    record LONGTEXT NULL,
    put_aside_at DATETIME(6) NOT NULL,
    PRIMARY KEY (target, stream, sequence_number)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
