-- What products can be found by: the pieces of the words of their names and colours, folded. Those of a name that a product
-- had before stay. The codes of a brand's products stand together: they begin with its slug and a dot.
CREATE TABLE IF NOT EXISTS product_terms (
    term VARCHAR(3) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    product_code VARCHAR(97) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    brand VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    version BIGINT UNSIGNED NOT NULL,
    PRIMARY KEY (term, product_code)
) ENGINE = InnoDB
