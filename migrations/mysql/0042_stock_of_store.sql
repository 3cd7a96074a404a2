-- What a store has least of, and what it promised and does not have.
ALTER TABLE stock
    ADD COLUMN missing INT GENERATED ALWAYS AS (GREATEST(0, held - on_hand)) STORED,
    ADD INDEX by_available (store_id, available, sku),
    ADD INDEX by_missing (store_id, missing, sku)
