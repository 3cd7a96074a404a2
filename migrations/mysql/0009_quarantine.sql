-- Records that could not be understood, kept whole, so that nothing behind them waits and nothing is lost.
CREATE TABLE IF NOT EXISTS quarantine (
    stream VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sequence_number VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    reason VARCHAR(1000) NOT NULL,
    record LONGTEXT NOT NULL,
    first_seen_at DATETIME(6) NOT NULL,
    PRIMARY KEY (stream, sequence_number)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
