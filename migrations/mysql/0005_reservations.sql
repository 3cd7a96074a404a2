CREATE TABLE IF NOT EXISTS reservations (
    reservation_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    brand VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    store_id VARCHAR(97) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    version BIGINT UNSIGNED NOT NULL,
    status VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    customer_name VARCHAR(200) NOT NULL,
    customer_phone VARCHAR(32) NULL,
    customer_email VARCHAR(254) NULL,
    placed_at DATETIME(6) NOT NULL,
    expires_at DATETIME(6) NOT NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (reservation_id),
    INDEX by_store (store_id, status, expires_at, reservation_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
