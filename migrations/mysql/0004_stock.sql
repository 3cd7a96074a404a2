-- Signed counts: a difference of unsigned columns is an error in MySQL where it falls below zero.
CREATE TABLE IF NOT EXISTS stock (
    store_id VARCHAR(97) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    sku VARCHAR(97) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    brand VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    version BIGINT UNSIGNED NOT NULL,
    on_hand INT NOT NULL,
    held INT NOT NULL,
    safety INT NOT NULL,
    available INT GENERATED ALWAYS AS (GREATEST(0, on_hand - held - safety)) STORED,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (store_id, sku),
    INDEX by_sku (sku, store_id, available)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
