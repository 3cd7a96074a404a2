-- How far other services were told, by each target and in each shard of the stream. The columns are those of `checkpoints`;
-- a table of its own, because what is not told yet must not hold back what the projection says of itself.
CREATE TABLE IF NOT EXISTS publications (
    target VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    stream VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    shard VARCHAR(65) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sequence_number VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NULL,
    as_of DATETIME(6) NULL,
    finished_at DATETIME(6) NULL,
    trimmed_at DATETIME(6) NULL,
    PRIMARY KEY (target, stream, shard)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
