-- Which running holds of a store keep a SKU: those that a shortfall puts at risk.
ALTER TABLE reservation_lines
    ADD COLUMN store_id VARCHAR(97) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
    ADD COLUMN running BOOLEAN NOT NULL DEFAULT FALSE,
    ADD INDEX by_stock (store_id, sku, running, reservation_id)
