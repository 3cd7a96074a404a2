-- A customer is known again by the account, or by a capability, of which there is only the SHA-256.
ALTER TABLE reservations
    ADD COLUMN extensions INT UNSIGNED NOT NULL DEFAULT 0,
    ADD COLUMN customer_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN capability_hash CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL
