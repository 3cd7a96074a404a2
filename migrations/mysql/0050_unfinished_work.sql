-- How far long work has come (a rebuild, a reconciliation), for each of its parts. There are rows only while it is under
-- way, or after it was broken off: run again, it goes on there.
CREATE TABLE IF NOT EXISTS unfinished_work (
    work VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    part VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    reached MEDIUMTEXT NOT NULL,
    saved_at DATETIME(6) NOT NULL,
    PRIMARY KEY (work, part)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
