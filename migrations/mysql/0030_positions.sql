-- How many transactions of each kind were committed. Whoever counts one up holds the row until its commit, so positions
-- are committed in their order.
CREATE TABLE IF NOT EXISTS positions (
    name VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    position BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (name)
) ENGINE = InnoDB
