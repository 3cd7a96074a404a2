-- `version` is the product's: a product and its SKUs are one aggregate.
CREATE TABLE IF NOT EXISTS skus (
    sku VARCHAR(97) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    product_code VARCHAR(97) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    brand VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    version BIGINT UNSIGNED NOT NULL,
    colour_ja VARCHAR(200) NULL,
    colour_en VARCHAR(200) NULL,
    size VARCHAR(200) NULL,
    gtin VARCHAR(14) CHARACTER SET ascii COLLATE ascii_bin NULL,
    PRIMARY KEY (sku),
    INDEX by_product (product_code)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci
