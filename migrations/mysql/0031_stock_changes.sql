-- At which position each stock changed last; the row without a store: all may have changed.
CREATE TABLE IF NOT EXISTS stock_changes (
    store_id VARCHAR(97) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sku VARCHAR(97) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    position BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (store_id, sku),
    INDEX by_position (position)
) ENGINE = InnoDB
