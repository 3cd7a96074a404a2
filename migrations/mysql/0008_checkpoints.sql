-- How far the projection has come in each source of events. `as_of`: every event that its source held before this
-- time is in the projection. An open source has no `finished_at`.
CREATE TABLE IF NOT EXISTS checkpoints (
    stream VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    shard VARCHAR(65) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sequence_number VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
    as_of DATETIME(6) NULL,
    finished_at DATETIME(6) NULL,
    trimmed_at DATETIME(6) NULL,
    PRIMARY KEY (stream, shard)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
