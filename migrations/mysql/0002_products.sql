CREATE TABLE IF NOT EXISTS products (
    product_code VARCHAR(97) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    brand VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    version BIGINT UNSIGNED NOT NULL,
    name_ja VARCHAR(200) NULL,
    name_en VARCHAR(200) NULL,
    updated_at DATETIME(6) NOT NULL,
    PRIMARY KEY (product_code)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
